/** @file Several edits of one site as one, because a request has at most one per site: their lanes side by side, or each for rows of its own. */

import { AntipodeError } from '../errors.ts';
import type { Edit } from './language_model.ts';

/**
 * One edit that does what all of them do. All lanes look at the same x: a projection and a clamp are simultaneous, and what one writes the other
 * neither sees nor takes out. Projections along directions that are not orthogonal belong into one `projectionEdit`: side by side they would take
 * what they share out twice.
 * @param edits at least one, of one site and width; rows and columns 1 or the same number
 * @throws {AntipodeError} `usage` where they do not fit together
 */
export function mergeEdits(edits: readonly Edit[]): Edit {
  const [first, ...others] = edits;
  if (!first) throw new AntipodeError('usage', 'edits: none were given to merge');
  if (others.length === 0) return first;
  const [rows, columns] = [common(edits, 'rows'), common(edits, 'columns')];
  const width = widthOf(edits);
  const full = edits.map((edit) => spread(edit, { rows, columns, width, lanes: edit.lanes }));
  const join = (part: Part, size: number, blocks: number): Float32Array => {
    const lanes = full.reduce((sum, edit) => sum + edit.lanes, 0);
    const joined = new Float32Array(blocks * lanes * size);
    let at = 0;
    for (let block = 0; block < blocks; block++) {
      for (const edit of full) {
        const length = edit.lanes * size;
        joined.set(edit[part].subarray(block * length, (block + 1) * length), at);
        at += length;
      }
    }
    return joined;
  };
  return {
    at: first.at,
    lanes: full.reduce((sum, { lanes }) => sum + lanes, 0),
    rows,
    columns,
    read: join('read', width, rows),
    write: join('write', width, rows),
    offset: join('offset', 1, rows),
    threshold: join('threshold', 1, rows),
    keep: join('keep', 1, rows * columns),
    target: join('target', 1, rows * columns),
  };
}

/**
 * One edit for a batch whose rows have edits of their own, undefined where a row has none.
 * @param perRow of one site and width, each with `rows` 1; at least one of them is there; columns 1 or the same number
 * @throws {AntipodeError} `usage` where they do not fit together
 */
export function editPerRow(perRow: readonly (Edit | undefined)[]): Edit {
  const edits = perRow.filter((edit) => edit !== undefined);
  const [first] = edits;
  if (!first) throw new AntipodeError('usage', 'edits: no row has one');
  if (edits.some(({ rows = 1 }) => rows !== 1)) {
    throw new AntipodeError('usage', `edits at ${first.at}: one of a row has several rows itself`);
  }
  const columns = common(edits, 'columns');
  const width = widthOf(edits);
  const lanes = edits.reduce((most, edit) => Math.max(most, edit.lanes), 1);
  const nothing: Edit = { at: first.at, lanes: 0, read: new Float32Array(0), write: new Float32Array(0) };
  const full = perRow.map((edit = nothing) => spread(edit, { rows: 1, columns, width, lanes }));
  const stack = (part: Part): Float32Array => {
    const size = full[0]![part].length;
    const stacked = new Float32Array(full.length * size);
    full.forEach((edit, row) => {
      stacked.set(edit[part], row * size);
    });
    return stacked;
  };
  return {
    at: first.at,
    lanes,
    rows: full.length,
    columns,
    read: stack('read'),
    write: stack('write'),
    offset: stack('offset'),
    threshold: stack('threshold'),
    keep: stack('keep'),
    target: stack('target'),
  };
}

type Part = 'read' | 'write' | 'offset' | 'threshold' | 'keep' | 'target';

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly lanes: number;
  readonly width: number;
}

/** The number that all have, 1 standing for any. */
function common(edits: readonly Edit[], axis: 'rows' | 'columns'): number {
  const several = edits.map((edit) => edit[axis] ?? 1).filter((count) => count !== 1);
  const [count = 1] = several;
  const other = several.find((one) => one !== count);
  if (other === undefined) return count;
  throw new AntipodeError('usage', `edits at ${edits[0]!.at}: have ${count} and ${other} ${axis}`);
}

function widthOf(edits: readonly Edit[]): number {
  const [first] = edits;
  const width = ({ lanes, read, rows = 1 }: Edit): number => read.length / (rows * lanes);
  for (const edit of edits) {
    if (edit.at !== first!.at) {
      throw new AntipodeError('usage', `edits at ${first!.at} and ${edit.at}: are not of one site`);
    }
    if (width(edit) !== width(first!)) {
      throw new AntipodeError(
        'usage',
        `edits at ${first!.at}: have vectors of ${width(first!)} and ${width(edit)} values`,
      );
    }
  }
  return width(first!);
}

/** Every part written out in the given sizes; lanes that the edit does not have change nothing. */
function spread(edit: Edit, sizes: Sizes): Record<Part, Float32Array> & { readonly lanes: number } {
  const { columns = 1, lanes, rows = 1 } = edit;
  const part = (values: Float32Array | undefined, filling: number, shape: Spread): Float32Array => {
    const { blocks, sourceBlock, size } = shape;
    const target = new Float32Array(blocks * sizes.lanes * size);
    for (let block = 0; block < blocks; block++) {
      const to = block * sizes.lanes * size;
      const from = sourceBlock(block) * lanes * size;
      if (values) target.set(values.subarray(from, from + lanes * size), to);
      else target.fill(filling, to, to + lanes * size);
      if (size === 1 && shape.unused !== 0) target.fill(shape.unused, to + lanes, to + sizes.lanes);
    }
    return target;
  };
  const row = (index: number): number => (rows === 1 ? 0 : index);
  const wide: Spread = { blocks: sizes.rows, sourceBlock: row, size: sizes.width, unused: 0 };
  const perLane: Spread = { ...wide, size: 1 };
  const place = (block: number): number =>
    row(Math.trunc(block / sizes.columns)) * columns + (columns === 1 ? 0 : block % sizes.columns);
  const perColumn: Spread = { ...perLane, blocks: sizes.rows * sizes.columns, sourceBlock: place };
  return {
    lanes: sizes.lanes,
    read: part(edit.read, 0, wide),
    write: part(edit.write, 0, wide),
    offset: part(edit.offset, 0, perLane),
    threshold: part(edit.threshold, Number.NEGATIVE_INFINITY, perLane),
    keep: part(edit.keep, 0, { ...perColumn, unused: 1 }),
    target: part(edit.target, 0, perColumn),
  };
}

interface Spread {
  /** Of `lanes * size` values each. */
  readonly blocks: number;
  sourceBlock(block: number): number;
  readonly size: number;
  /** In lanes that the edit does not have. */
  readonly unused: number;
}
