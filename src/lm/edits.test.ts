import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxDifference, readGolden } from '../../test/support/lm_goldens.ts';
import { createRng } from '../tensor/rng.ts';
import { editPerRow, mergeEdits } from './combine_edits.ts';
import type {
  Capture,
  DenseArray,
  Edit,
  ForwardRequest,
  LanguageModel,
  Site,
  Steering,
} from './language_model.ts';
import { orthonormalBasis, projectionEdit } from './projection_edit.ts';
import { openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));

/** The same sums in another order. */
const SAME = 1e-5;

const FAMILIES = ['gemma2', 'llama', 'gpt2', 'gemma3_text', 'gpt_neox'];

describe.each(FAMILIES)('edits of the residual stream of %s', (family) => {
  let model: LanguageModel;
  let plain: LanguageModel;
  let tokens: number[];
  let d: number;
  let last: number;
  beforeAll(async () => {
    const folder = `${fixtures}/${family}`;
    plain = await openLanguageModel(folder, { threads: 1 });
    model = await openLanguageModel(folder, { threads: 1, editSites: ['emb', 1] });
    tokens = [...(await readGolden(`${folder}/expected.safetensors`)).get('tokens')!];
    d = model.config.dModel;
    last = model.config.layers - 1;
  });
  afterAll(async () => {
    await model?.close();
    await plain?.close();
  });

  const vectors = (seed: number, count: number, length = 1): Float32Array[] => {
    const rng = createRng(seed, 'edits-test');
    return Array.from({ length: count }, () => Float32Array.from({ length: d }, () => length * rng.normal()));
  };
  const flat = (rows: readonly Float32Array[]): Float32Array =>
    Float32Array.from(rows.flatMap((row) => [...row]));
  /** An edit with everything in it, of several lanes. */
  const anyEdit = (at: Site, seed: number, lanes = 3): Edit => ({
    at,
    lanes,
    read: flat(vectors(seed, lanes, 0.3)),
    write: flat(vectors(seed + 1, lanes)),
    offset: Float32Array.from({ length: lanes }, (_, j) => 0.2 * j - 0.1),
    threshold: Float32Array.from({ length: lanes }, (_, j) => [-0.5, 0, Number.NEGATIVE_INFINITY][j % 3]!),
    keep: Float32Array.from({ length: lanes }, (_, j) => [0, 2.5, -1][j % 3]!),
    target: Float32Array.from({ length: lanes }, (_, j) => [1.5, 0, -0.5][j % 3]!),
  });
  const capture = async (at: Site, request: Partial<ForwardRequest>, on = model): Promise<DenseArray> => {
    const name: Capture = `resid.${at}`;
    const result = await on.forward({ tokens: [tokens], logits: 'none', ...request, capture: [name] });
    return result.captures.get(name)!;
  };
  const logits = async (request: Partial<ForwardRequest>, on = model): Promise<Float32Array> =>
    (await on.forward({ tokens: [tokens], logits: 'all', ...request })).logits!.values;
  /** What the definition makes of one position, in float64. */
  const edited = (x: Float32Array, edit: Edit, column = 0): Float64Array => {
    const out = Float64Array.from(x);
    for (let j = 0; j < edit.lanes; j++) {
      let value = edit.offset?.[j] ?? 0;
      for (let c = 0; c < d; c++) value += x[c]! * edit.read[j * d + c]!;
      const act = value > (edit.threshold?.[j] ?? Number.NEGATIVE_INFINITY) ? value : 0;
      const place = ((edit.columns ?? 1) === 1 ? 0 : column) * edit.lanes + j;
      const change = (edit.target?.[place] ?? 0) + ((edit.keep?.[place] ?? 0) - 1) * act;
      for (let c = 0; c < d; c++) out[c]! += change * edit.write[j * d + c]!;
    }
    return out;
  };
  const editedStream = (before: Float32Array, edit: Edit): Float64Array => {
    const out = new Float64Array(before.length);
    for (let t = 0; t < before.length / d; t++)
      out.set(edited(before.subarray(t * d, (t + 1) * d), edit, t), t * d);
    return out;
  };

  test.each(['emb', 1] as const)(
    'at %s the definition, computed from the captured stream in float64',
    async (at) => {
      const before = (await capture(at, {}, plain)).values;
      const scale = before.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      for (const edit of [anyEdit(at, 1), anyEdit(at, 7, 1), projectionEdit(at, vectors(3, 4))]) {
        const expected = editedStream(before, edit);
        expect(maxDifference(expected, before)).toBeGreaterThan(0.1);
        expect(maxDifference((await capture(at, { edit: [edit] })).values, expected)).toBeLessThan(
          SAME * scale,
        );
      }
    },
  );

  test('a projection leaves nothing of its directions, dependent ones and long ones too', async () => {
    const [a, b, c] = vectors(11, 3, 40) as [Float32Array, Float32Array, Float32Array];
    const sum = a.map((value, i) => value - 3 * b[i]!);
    const edit = projectionEdit(1, [a, b, sum, c.map((value) => value * 1e-20)]);
    expect(edit.lanes).toBe(3);
    const { values } = await capture(1, { edit: [edit] });
    for (let t = 0; t < tokens.length; t++) {
      for (const direction of [a, b, c]) {
        const length = Math.hypot(...direction);
        const along = direction.reduce((total, value, i) => total + (value / length) * values[t * d + i]!, 0);
        expect(Math.abs(along)).toBeLessThan(1e-5);
      }
    }
  });

  test('what comes behind an edited site is what steering by the same change gives', async () => {
    for (const edit of [anyEdit(1, 5), projectionEdit(1, vectors(6, 2))]) {
      const before = (await capture(1, {}, plain)).values;
      const after = editedStream(before, edit);
      const values = before.map((value, i) => after[i]! - value);
      const steered = await logits({ steer: [{ at: 1, columns: tokens.length, values }] }, plain);
      const got = await logits({ edit: [edit] });
      expect(maxDifference(got, await logits({}))).toBeGreaterThan(1e-2);
      expect(maxDifference(got, steered)).toBeLessThan(1e-4);
    }
  });

  test('the edit comes first, then what is added, and the capture has both', async () => {
    const [direction, other] = vectors(8, 2) as [Float32Array, Float32Array];
    const edit = projectionEdit(1, [direction]);
    const steer: Steering = { at: 1, values: direction.map((value, c) => 2 * value + other[c]!) };
    const projected = (await capture(1, { edit: [edit] })).values;
    const both = (await capture(1, { edit: [edit], steer: [steer] })).values;
    expect(both).toEqual(projected.map((value, i) => value + steer.values[i % d]!));
  });

  test('no edit, edits that change nothing, and a graph without their inputs give the same bits', async () => {
    const edit = anyEdit(1, 20);
    const idle: Edit = { ...edit, keep: new Float32Array(3).fill(1), target: new Float32Array(3) };
    const expected = await logits({}, plain);
    expect(await logits({})).toEqual(expected);
    expect(await logits({ edit: [idle] })).toEqual(expected);
    expect(await logits({ edit: [{ ...edit, write: new Float32Array(3 * d) }] })).toEqual(expected);
    const batch = await logits({ tokens: [tokens, tokens], edit: [editPerRow([undefined, edit])] });
    expect(batch.subarray(0, expected.length)).toEqual(
      (await logits({ tokens: [tokens, tokens] }, plain)).subarray(0, expected.length),
    );
  });

  test('rows with edits of their own, of different ranks, equal each row alone', async () => {
    const rows = [tokens, tokens.slice(2, 6), tokens.slice(0, 11), tokens];
    const own = [anyEdit(1, 30, 2), undefined, projectionEdit(1, vectors(31, 5)), anyEdit(1, 33, 4)];
    for (const padding of ['left', 'right'] as const) {
      const together = await capture(1, { tokens: rows, padding, edit: [editPerRow(own)] });
      for (const [row, ids] of rows.entries()) {
        const edit = own[row];
        const alone = await capture(1, { tokens: [ids], edit: edit ? [edit] : [] });
        const start = (row * tokens.length + (padding === 'left' ? tokens.length - ids.length : 0)) * d;
        const part = together.values.subarray(start, start + ids.length * d);
        expect(maxDifference(part, alone.values)).toBeLessThan(SAME);
      }
    }
  });

  test('by column, for two sites at once, in pieces and on a kept past: one forward', async () => {
    const columns = tokens.length;
    const rng = createRng(40, 'edits-test');
    const draw = (): Float32Array => Float32Array.from({ length: 2 * columns * 3 }, () => rng.normal());
    const twoRows = editPerRow([anyEdit(1, 41), anyEdit(1, 44)]);
    const byColumn: Edit = { ...twoRows, columns, keep: draw(), target: draw() };
    const edit = [byColumn, projectionEdit('emb', vectors(45, 2))];
    const request = { tokens: [tokens, tokens.map((id) => 60 - id)], edit };
    const whole = await logits(request);
    const first = (
      await capture(1, {
        edit: [
          {
            ...anyEdit(1, 41),
            columns,
            keep: byColumn.keep!.slice(0, 3 * columns),
            target: byColumn.target!.slice(0, 3 * columns),
          },
        ],
      })
    ).values;
    const before = (await capture(1, {}, plain)).values;
    const expected = editedStream(before, {
      ...anyEdit(1, 41),
      columns,
      keep: byColumn.keep!,
      target: byColumn.target!,
    });
    expect(maxDifference(first, expected)).toBeLessThan(1e-4);

    const small = await openLanguageModel(`${fixtures}/${family}`, { threads: 1, maxTokensAtOnce: 6 });
    expect(maxDifference(await logits(request, small), whole)).toBeLessThan(1e-4);
    const past = await small.createPast(2);
    const constant = [anyEdit(1, 41), edit[1]!];
    const all = await logits({ ...request, edit: constant });
    let at = 0;
    for (const count of [4, 1, 7, 2]) {
      const rows = request.tokens.map((ids) => ids.slice(at, at + count));
      const got = await logits({ tokens: rows, past, edit: constant }, small);
      const { vocabSize } = small.config;
      for (const row of [0, 1]) {
        const start = (row * columns + at) * vocabSize;
        const part = got.subarray(row * count * vocabSize, (row + 1) * count * vocabSize);
        expect(maxDifference(part, all.subarray(start, start + count * vocabSize))).toBeLessThan(1e-4);
      }
      at += count;
    }
    await small.close();
  });

  test('a site that was not declared opens the model anew and goes on with its past', async () => {
    const late = await openLanguageModel(`${fixtures}/${family}`, { threads: 1 });
    const edit = projectionEdit(last, vectors(50, 1));
    const past = await late.createPast(1);
    await late.forward({ tokens: [tokens.slice(0, 5)], past, logits: 'none' });
    const [got] = await Promise.all([
      logits({ tokens: [tokens.slice(5)], past, edit: [edit] }, late),
      late.forward({ tokens: [tokens] }),
    ]);
    const direction = edit.read;
    const stream = (await capture(last, {}, plain)).values;
    const values = new Float32Array((tokens.length - 5) * d);
    for (let t = 5; t < tokens.length; t++) {
      const x = stream.subarray(t * d, (t + 1) * d);
      const along = x.reduce((total, value, c) => total + value * direction[c]!, 0);
      values.set(
        direction.map((value) => -along * value),
        (t - 5) * d,
      );
    }
    const steer: Steering = { at: last, columns: tokens.length - 5, values };
    const check = await plain.createPast(1);
    await plain.forward({ tokens: [tokens.slice(0, 5)], past: check, logits: 'none' });
    expect(
      maxDifference(got, await logits({ tokens: [tokens.slice(5)], past: check, steer: [steer] }, plain)),
    ).toBeLessThan(1e-4);
    await plain.releasePast(check);
    await late.close();
  });

  test('lanes of merged edits look at the same x', async () => {
    const [a, b] = [projectionEdit(1, vectors(60, 2)), anyEdit(1, 61)];
    const merged = mergeEdits([a, b]);
    expect(merged.lanes).toBe(5);
    const before = (await capture(1, {}, plain)).values;
    const [one, two] = [editedStream(before, a), editedStream(before, b)];
    const expected = before.map((value, i) => one[i]! + two[i]! - value);
    expect(maxDifference((await capture(1, { edit: [merged] })).values, expected)).toBeLessThan(1e-4);
    const perRow = editPerRow([undefined, merged]);
    const wide = mergeEdits([perRow, b]);
    const rows = (await capture(1, { tokens: [tokens, tokens], edit: [wide] })).values;
    expect(maxDifference(rows.subarray(0, before.length), two)).toBeLessThan(1e-4);
    const twice = before.map((value, i) => one[i]! + 2 * two[i]! - 2 * value);
    expect(maxDifference(rows.subarray(before.length), twice)).toBeLessThan(1e-4);
  });
});

describe('orthonormal bases', () => {
  test('are orthonormal and span what was given, in any order and at any angle', () => {
    const rng = createRng(2, 'basis');
    const d = 30;
    const draw = (): number[] => Array.from({ length: d }, () => rng.normal());
    for (let round = 0; round < 30; round++) {
      const base = Array.from({ length: 1 + rng.integer(6) }, draw);
      const near = base[0]!.map((value, c) => value + 1e-3 * (c === 3 ? 1 : 0));
      const mixed = base[0]!.map((_, c) => base.reduce((sum, vector, i) => sum + (i + 1) * vector[c]!, 0));
      const given = [...base, near, mixed, base[0]!.map((value) => -1e30 * value)];
      const basis = orthonormalBasis(given);
      expect(basis).toHaveLength(base.length + 1);
      const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
        Array.from(a).reduce((sum, value, c) => sum + value * b[c]!, 0);
      basis.forEach((u, i) => {
        basis.forEach((v, j) => {
          expect(dot(u, v)).toBeCloseTo(i === j ? 1 : 0, 12);
        });
      });
      for (const vector of given) {
        const rest = Array.from(vector);
        for (const u of basis) {
          const along = dot(vector, u);
          for (let c = 0; c < d; c++) rest[c]! -= along * u[c]!;
        }
        expect(Math.sqrt(dot(rest, rest) / dot(vector, vector))).toBeLessThan(1e-6);
      }
    }
  });

  test.each([
    ['no directions', [], 'projection: no directions were given'],
    [
      'zeros',
      [
        [1, 0],
        [0, 0],
      ],
      'projection: direction 1 is zero',
    ],
    ['NaN', [[1, Number.NaN]], 'projection: direction 0 holds NaN'],
    ['two widths', [[1, 0], [1]], 'projection: direction 1 has 1 values (expected 2'],
  ])('%s are refused', (_, directions, message) => {
    expect(() => projectionEdit(0, directions)).toThrowError(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(message) }),
    );
  });
});
