/**
 * @file Edits of the residual stream as nodes: what `Edit` in `language_model.ts` defines. e rows (1 or b), r lanes, f columns (1 or s); each site
 * has its own e, r and f.
 *
 * Inputs at a site S: `edit.S.read`, `edit.S.write` [e, r, d_model]; `edit.S.offset`, `edit.S.threshold` [e, 1, r]; `edit.S.gain` (keep - 1) and
 * `edit.S.target` [e, f, r].
 */

import type { Site } from '../language_model.ts';
import type { GraphBuilder, Value } from './graph.ts';

/** @param x `[b, s, d_model]` @returns the same shape */
export function editedStream(graph: GraphBuilder, x: Value, site: Site, dModel: number): Value {
  const name = `edit.${site}`;
  const [rows, columns, lanes] = [`${name}.rows`, `${name}.columns`, `${name}.lanes`];
  const wide = (part: string): Value => graph.input(`${name}.${part}`, 'float32', [rows, lanes, dModel]);
  const perLane = (part: string): Value => graph.input(`${name}.${part}`, 'float32', [rows, 1, lanes]);
  const perColumn = (part: string): Value =>
    graph.input(`${name}.${part}`, 'float32', [rows, columns, lanes]);
  const value = graph.op('Add', [graph.products.timesTransposed(x, wide('read'), 3), perLane('offset')]);
  const isOn = graph.op('Greater', [value, perLane('threshold')]);
  const act = graph.op('Where', [isOn, value, graph.scalar(0)]);
  const change = graph.op('Add', [graph.op('Mul', [act, perColumn('gain')]), perColumn('target')]);
  return graph.op('Add', [x, graph.op('MatMul', [change, wide('write')])]);
}
