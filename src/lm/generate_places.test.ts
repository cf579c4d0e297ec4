import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { writeTinyModel } from '../../test/support/tiny_model.ts';
import { createRng } from '../tensor/rng.ts';
import { editPerRow } from './combine_edits.ts';
import { type GenerateOptions, type GenerationRow, generate } from './generate.ts';
import type { Edit, LanguageModel, Steering } from './language_model.ts';
import type { ObservedPlace, VectorCapture } from './observe.ts';
import { projectionEdit } from './projection_edit.ts';
import { openLanguageModel } from './session.ts';
import { editPlaces, steerPlaces } from './steered_places.ts';
import { openTokenizer } from './tokenizer/open_tokenizer.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

let folder: string;
let model: LanguageModel;
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-places-'));
  await writeTinyModel(folder, { tokenizerConfig: { eos_token: 'w60' } });
  tokenizer = await openTokenizer(folder);
  model = await openLanguageModel(folder, { threads: 1, editSites: [0] });
});
afterAll(async () => {
  await model?.close();
  await rm(folder, { recursive: true });
});

interface Seen extends ObservedPlace {
  readonly captured: ReadonlyMap<VectorCapture, readonly number[]>;
}

async function run(options: Pick<GenerateOptions, 'rows'> & Partial<GenerateOptions>) {
  const seen: Seen[] = [];
  const captures: readonly VectorCapture[] = ['resid.emb', 'resid.0', 'mlp_out.2'];
  const replies = await generate({
    model,
    tokenizer,
    maxNewTokens: 7,
    sampling: { temperature: 1 },
    observe: {
      captures,
      take(place, values) {
        const copies = captures.map((name) => [name, [...values.get(name)!]] as const);
        seen.push({ ...place, captured: new Map(copies) });
      },
    },
    ...options,
  });
  return { replies, seen };
}

const normal = (seed: number, length: number): Float32Array => {
  const rng = createRng(seed, 'places');
  return Float32Array.from({ length }, () => 2 * rng.normal());
};

/** Rows of their own vectors and edits, every third without either. */
function interventions(rows: number): { readonly steer: Steering[]; readonly edit: Edit[] } {
  const { dModel } = model.config;
  const values = normal(1, rows * dModel);
  const edits = Array.from({ length: rows }, (_, r) => {
    if (r % 3 !== 2) return projectionEdit(0, [normal(10 + r, dModel), normal(50 + r, dModel)].slice(r % 2));
    values.fill(0, r * dModel, (r + 1) * dModel);
    return undefined;
  });
  return { steer: [{ at: 0, values, rows }], edit: [editPerRow(edits)] };
}

const row = fc.integer({ min: 1, max: 46 }).chain((length) =>
  fc.record({
    prompt: fc.array(fc.nat(59), { minLength: length, maxLength: length }),
    seed: fc.nat(1e6),
    steered: fc.oneof(
      fc.constant(undefined),
      fc.array(fc.boolean(), { minLength: length, maxLength: length }),
    ),
  }),
);

test('steering acts where it is told to, and is seen there: each position once, in order', async () => {
  const left = fc.option(fc.nat(59), { nil: undefined });
  const counts = { steered: 0, alone: 0, context: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 5 }), left, async (given, leftAlone) => {
      const rows: GenerationRow[] = given.map(({ steered, ...rest }) =>
        steered ? { ...rest, steered } : rest,
      );
      const { steer, edit } = interventions(rows.length);
      const isSteeredToken = (id: number): boolean => id !== leftAlone;
      const { replies, seen } = await run({ rows, steer, edit, isSteeredToken });
      for (const [r, { prompt, steered }] of rows.entries()) {
        const { tokens, end } = replies[r]!;
        const fed = [...Array.from(prompt), ...tokens.slice(0, -1)];
        const own = seen.filter((place) => place.row === r);
        expect(own.map(({ position }) => position)).toEqual([...fed.keys()]);
        expect(own.map(({ token }) => token)).toEqual(fed);
        const places = fed.map((id, at) => (steered?.[at] ?? true) && isSteeredToken(id));
        expect(own.map((place) => place.isSteered)).toEqual(places.map((isOn) => isOn && r % 3 !== 2));
        const { dModel } = model.config;
        const { captures } = await model.forward({
          tokens: [fed],
          steer: [
            steerPlaces({ at: 0, values: steer[0]!.values.slice(r * dModel, (r + 1) * dModel) }, [places]),
          ],
          edit: [editPlaces(rowOfEdit(edit[0]!, r), [places])],
          capture: ['resid.emb', 'resid.0', 'mlp_out.2'],
        });
        for (const [name, { values }] of captures) {
          const found = own.flatMap(({ captured }) => captured.get(name as VectorCapture)!);
          const error = Math.max(...found.map((value, i) => Math.abs(value - values[i]!)));
          expect(error).toBeLessThan(1e-4);
        }
        counts.steered += places.filter((isOn) => isOn && r % 3 !== 2).length;
        counts.alone += places.filter((isOn) => !isOn).length;
        if (end === 'context') counts.context += 1;
      }
    }),
    { numRuns: runs(25) },
  );
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(3);
});

function rowOfEdit(edit: Edit, r: number): Edit {
  const { dModel } = model.config;
  const part = (values: Float32Array | undefined, width: number): Float32Array =>
    values!.slice(r * width, (r + 1) * width);
  const { lanes } = edit;
  return {
    ...{ at: edit.at, lanes },
    read: part(edit.read, lanes * dModel),
    write: part(edit.write, lanes * dModel),
    offset: part(edit.offset, lanes),
    threshold: part(edit.threshold, lanes),
    keep: part(edit.keep, lanes),
    target: part(edit.target, lanes),
  };
}

test('all places named is as none named, none of them as no steering in the prompt', async () => {
  const rows = [{ prompt: [1, 5, 9], seed: 3 }];
  const steer = [{ at: 0 as const, values: normal(4, model.config.dModel) }];
  const everywhere = await run({ rows, steer });
  const named = await run({ rows: [{ ...rows[0]!, steered: [true, true, true] }], steer });
  expect(named).toEqual(everywhere);
  const behind = await run({ rows: [{ ...rows[0]!, steered: [false, false, false] }], steer });
  const plain = await run({ rows });
  const prompt = ({ seen }: typeof plain) => seen.slice(0, 3).map(({ captured }) => captured);
  expect(prompt(behind)).toEqual(prompt(plain));
  expect(behind.seen.map(({ isSteered }) => isSteered)).toEqual(behind.seen.map((_, at) => at >= 3));
  expect(prompt(everywhere)).not.toEqual(prompt(plain));
});

test('places of another number than the prompt has tokens are refused', async () => {
  await expect(run({ rows: [{ prompt: [1, 2], seed: 0, steered: [true] }] })).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining('there are 1 (expected 2'),
  });
});

test('one steering or edit for all rows is given to each where places differ', () => {
  const places = [
    [true, false],
    [false, true],
  ];
  const values = Float32Array.of(2, 3);
  expect(steerPlaces({ at: 'emb', values }, places)).toEqual({
    ...{ at: 'emb', rows: 2, columns: 2 },
    values: Float32Array.of(2, 3, 0, 0, 0, 0, 2, 3),
  });
  const edit = { at: 1, lanes: 2, read: Float32Array.of(1, 2, 3, 4), write: Float32Array.of(5, 6, 7, 8) };
  expect(
    editPlaces({ ...edit, offset: Float32Array.of(9, 8), target: Float32Array.of(4, 0) }, places),
  ).toEqual({
    ...{ at: 1, lanes: 2, rows: 2, columns: 2 },
    read: Float32Array.of(1, 2, 3, 4, 1, 2, 3, 4),
    write: Float32Array.of(5, 6, 7, 8, 5, 6, 7, 8),
    offset: Float32Array.of(9, 8, 9, 8),
    keep: Float32Array.of(0, 0, 1, 1, 1, 1, 0, 0),
    target: Float32Array.of(4, 0, 0, 0, 0, 0, 4, 0),
  });
});
