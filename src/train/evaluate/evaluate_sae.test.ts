import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identitySae, randomSae } from '../../../test/support/random_sae.ts';
import { readCheckpoint, writeRest } from '../../../test/support/rest_of_model.ts';
import type { Capture, LanguageModel, Site } from '../../lm/language_model.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { decode, encode } from '../../sae/encode.ts';
import { TRANSCODER_FACT } from '../../sae/loaders/load_gemma_scope.ts';
import type { Sae } from '../../sae/sae.ts';
import { createRng } from '../../tensor/rng.ts';
import { parseHookPoint } from '../harvest/hook_name.ts';
import { type EvaluateSaeOptions, evaluateSae, type SaeEvaluation } from './evaluate_sae.ts';
import type { SplicedLosses } from './spliced_losses.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/lm/${name}`, import.meta.url));

let folder: string;
let model: LanguageModel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-evaluate-'));
  model = await openLanguageModel(fixture('gemma2'), { threads: 1 });
});
afterAll(async () => {
  await model.close();
  await rm(folder, { recursive: true });
});

/** Of several lengths; 1 is the beginning of a text, 7 is special as well. */
const rows: readonly Int32Array[] = (() => {
  const rng = createRng(3, 'rows');
  return [9, 14, 2, 11, 14, 1, 5].map((length) =>
    Int32Array.from({ length }, (_, column) =>
      column === 0 ? 1 : length === 14 && column === 6 ? 7 : 8 + rng.integer(53),
    ),
  );
})();
const tokenizer = { isSpecial: (id: number): boolean => id === 1 || id === 7 };

const evaluate = (
  sae: Sae,
  hookName: string,
  more: Partial<EvaluateSaeOptions> = {},
): Promise<SaeEvaluation> => {
  const { model: own = model } = more;
  return evaluateSae({
    model: own,
    sae,
    hook: parseHookPoint(hookName, own.config),
    rows,
    tokenizer,
    ...more,
  });
};

const lossesOf = ({ losses }: SaeEvaluation): SplicedLosses => {
  if (!losses || 'unavailable' in losses) throw new Error('no losses');
  return losses;
};

/** Rows of one array. */
const split = (values: Float32Array, width: number): Float32Array[] =>
  Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));

const capturesOf = async (name: Capture, tokens: Int32Array): Promise<Float32Array[]> => {
  const { captures } = await model.forward({ tokens: [tokens], capture: [name], logits: 'none' });
  return split(captures.get(name)!.values, model.config.dModel);
};

const isCounted = (tokens: Int32Array, column: number): boolean => column > 0 && tokens[column] !== 7;

const sumOf = (values: Iterable<number>): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
};

describe('a random SAE on a small Gemma, by plain loops', () => {
  const sae = {
    ...randomSae('jumprelu', 0, { dIn: 20, dSae: 50 }),
    threshold: new Float32Array(50).fill(0.6),
  };
  // A feature that nothing reaches, and one that is always there.
  sae.threshold[11] = 1e6;
  sae.b_enc[12] = 100;

  test('reconstruction and sparsity', async () => {
    const { reconstruction, sparsity, ...counts } = await evaluate(sae, 'blocks.1.hook_resid_post', {
      losses: false,
    });
    const x: Float32Array[] = [];
    for (const tokens of rows) {
      const own = await capturesOf('resid.1', tokens);
      x.push(...own.filter((_, column) => isCounted(tokens, column)));
    }
    const n = x.length;
    expect(counts).toEqual({ rows: 6, tokens: n, leftOutTokens: 9, losses: undefined });
    const flat = { data: Float32Array.from(x.flatMap((one) => [...one])), rows: n, cols: 20 };
    const encoded = await encode(sae, flat);
    const acts = split(encoded.data, 50);
    const out = split((await decode(sae, encoded)).data, 20);
    const mean = Array.from({ length: 20 }, (_, k) => sumOf(x.map((one) => one[k]!)) / n);
    const squares = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      sumOf(Array.from(a, (value, k) => (value - b[k]!) ** 2));
    const dot = (a: Float32Array, b: Float32Array): number => sumOf(a.map((value, k) => value * b[k]!));
    const error = sumOf(x.map((one, i) => squares(one, out[i]!)));
    const fvu = error / sumOf(x.map((one) => squares(one, mean)));
    const zeros = new Float32Array(20);
    const norm = (a: Float32Array): number => Math.sqrt(squares(a, zeros));
    const expected = {
      explainedVariance: 1 - fvu,
      fvu,
      meanSquaredError: error / (20 * n),
      cosine: sumOf(x.map((one, i) => dot(one, out[i]!) / norm(one) / norm(out[i]!))) / n,
      l2Ratio: sumOf(x.map((one, i) => norm(out[i]!) / norm(one))) / n,
      relativeReconstructionBias:
        sumOf(out.map((one) => squares(one, zeros))) / sumOf(x.map((one, i) => dot(one, out[i]!))),
      undirectedTokens: 0,
    };
    for (const [name, value] of Object.entries(expected)) {
      // float32 products of the engine against float64 loops; products of the test's Float32Array.map round as well.
      expect(Math.abs(reconstruction[name as keyof typeof reconstruction] - value), name).toBeLessThan(
        2e-5 * Math.max(1, Math.abs(value)),
      );
    }
    const l0 = acts.map((one) => one.filter((act) => act > 0).length);
    expect(sparsity.l0Mean).toBe(sumOf(l0) / n);
    const sorted = [...l0].sort((a, b) => a - b);
    expect(sparsity.l0Median).toBe((sorted[Math.floor((n - 1) / 2)]! + sorted[Math.floor(n / 2)]!) / 2);
    const firing = Array.from({ length: 50 }, (_, f) => acts.filter((one) => one[f]! > 0).length / n);
    expect([...sparsity.densities]).toEqual(firing);
    expect(sparsity.dead).toEqual([...firing.keys()].filter((f) => firing[f] === 0));
    expect(sparsity.dense).toEqual([...firing.keys()].filter((f) => firing[f]! > 0.1));
    expect(sparsity.dead).toContain(11);
    expect(sparsity.dense).toContain(12);
    sparsity.maxActivations.forEach((value, f) => {
      expect(value).toBeCloseTo(Math.max(...acts.map((one) => one[f]!)), 4);
    });
  });

  /** The loss of what stands above a place, run on a given residual stream without any hook. */
  const restLoss = async (
    at: Site,
    change: (x: Float32Array[], tokens: Int32Array) => Promise<Float32Array[]>,
  ): Promise<number> => {
    const checkpoint = await readCheckpoint(fixture('gemma2'));
    const isSliding = model.config.windows.map((window) => window !== null);
    let [sum, count] = [0, 0];
    for (const tokens of rows) {
      const residual = await change(await capturesOf(`resid.${at}`, tokens), tokens);
      const place = await mkdtemp(join(folder, 'rest-'));
      const flat = Float32Array.from(residual.flatMap((one) => [...one]));
      await writeRest(place, { checkpoint, from: at, residual: flat, isSliding });
      const rest = await openLanguageModel(place, { threads: 1 });
      const { logits } = await rest.forward({ tokens: [[...tokens.keys()]], logits: 'all' });
      await rest.close();
      for (const [column, row] of split(logits!.values, 61).entries()) {
        const next = tokens[column + 1];
        if (next === undefined || !isCounted(tokens, column)) continue;
        sum += Math.log(sumOf(Array.from(row, Math.exp))) - row[next]!;
        count += 1;
      }
    }
    return sum / count;
  };

  test.each<[string, Site, Capture]>([
    ['blocks.1.hook_resid_post', 1, 'resid.1'],
    ['blocks.0.hook_resid_pre', 'emb', 'resid.emb'],
    ['blocks.1.hook_mlp_out', 1, 'mlp_out.1'],
  ])('losses at %s are those of the layers above, run on what was put there', async (hook, at, capture) => {
    const found = lossesOf(await evaluate(sae, hook));
    const counted: Float32Array[] = [];
    for (const tokens of rows) {
      counted.push(...(await capturesOf(capture, tokens)).filter((_, column) => isCounted(tokens, column)));
    }
    const mean = Float32Array.from(
      { length: 20 },
      (_, k) => sumOf(counted.map((one) => one[k]!)) / counted.length,
    );
    /** Takes what stands at the hook out of the residual stream behind it and puts something else in. */
    const replaced = (
      other: (x: Float32Array) => Promise<Float32Array>,
    ): ((residual: Float32Array[], tokens: Int32Array) => Promise<Float32Array[]>) => {
      return async (residual, tokens) => {
        const own = await capturesOf(capture, tokens);
        return Promise.all(
          residual.map(async (stream, column) => {
            if (!isCounted(tokens, column)) return stream;
            const to = await other(own[column]!);
            return stream.map((value, k) => value - own[column]![k]! + to[k]!);
          }),
        );
      };
    };
    const reconstruct = async (data: Float32Array): Promise<Float32Array> =>
      (await decode(sae, await encode(sae, { data, rows: 1, cols: 20 }))).data;
    // Logits of up to 4 that carry float32 roundings of a few layers.
    expect(found.clean).toBeCloseTo(await restLoss(at, async (x) => x), 5);
    expect(found.spliced).toBeCloseTo(await restLoss(at, replaced(reconstruct)), 5);
    expect(found.meanAblated).toBeCloseTo(
      await restLoss(
        at,
        replaced(async () => mean),
      ),
      5,
    );
    expect(found.zeroAblated).toBeCloseTo(
      await restLoss(
        at,
        replaced(async () => new Float32Array(20)),
      ),
      5,
    );
    const predicted = rows.flatMap((tokens) =>
      [...tokens.keys()].filter((column) => column + 1 < tokens.length && isCounted(tokens, column)),
    );
    expect(found.predictions).toBe(predicted.length);
  });
});

describe('an SAE that loses nothing', () => {
  test.each(['blocks.0.hook_resid_pre', 'blocks.2.hook_resid_post', 'blocks.1.hook_mlp_out'])(
    'at %s explains everything, and the model does not notice it',
    async (hook) => {
      const { reconstruction, sparsity, losses } = await evaluate(identitySae(20), hook);
      expect(reconstruction).toMatchObject({
        explainedVariance: 1,
        fvu: 0,
        meanSquaredError: 0,
        l2Ratio: 1,
        relativeReconstructionBias: 1,
      });
      expect(reconstruction.cosine).toBeCloseTo(1, 12);
      expect([sparsity.l0Mean, sparsity.l0Median]).toEqual([20, 20]);
      const { clean, spliced, meanAblated, zeroAblated } = losses as SplicedLosses;
      expect(spliced).toBe(clean);
      for (const ablated of [meanAblated, zeroAblated])
        expect(Math.abs(ablated - clean)).toBeGreaterThan(1e-3);
    },
  );

  test('special tokens are replaced only where that is asked for', async () => {
    const alone = await evaluate(identitySae(20, 5), 'blocks.0.hook_resid_post');
    const all = await evaluate(identitySae(20, 5), 'blocks.0.hook_resid_post', { includesSpecial: true });
    expect([alone.tokens, alone.leftOutTokens, alone.rows]).toEqual([47, 9, 6]);
    expect([all.tokens, all.leftOutTokens, all.rows]).toEqual([56, 0, 7]);
    expect([lossesOf(alone).predictions, lossesOf(all).predictions]).toEqual([41, 49]);
    const unknown = await evaluateSae({
      model,
      sae: identitySae(20, 5),
      hook: parseHookPoint('blocks.0.hook_resid_post', model.config),
      rows,
      losses: false,
    });
    expect([unknown.tokens, unknown.losses]).toEqual([49, undefined]);
  });

  test('memory does not change the numbers', async () => {
    const sae = randomSae('topk', 2, { dIn: 20, dSae: 40 });
    const progress: number[] = [];
    const onProgress = (fraction: number): number => progress.push(fraction);
    const kept = await evaluate(sae, 'resid.1', { onProgress });
    const again = await evaluate(sae, 'resid.1', { onProgress, maxKeptBytes: 0 });
    expect(again).toEqual(kept);
    for (const one of [progress.slice(0, progress.indexOf(1) + 1), progress.slice(progress.indexOf(1) + 1)]) {
      expect(one.at(-1)).toBe(1);
      expect(one).toEqual([...one].sort((a, b) => a - b));
    }
  });
});

describe('attention', () => {
  test('in front of an MLP that reads it: no losses, with the reason', async () => {
    const { losses, reconstruction } = await evaluate(identitySae(20), 'blocks.1.hook_attn_out');
    expect(reconstruction.explainedVariance).toBe(1);
    expect(losses).toEqual({
      unavailable: expect.stringMatching(/^not available at blocks.1.hook_attn_out: the MLP/),
    });
  });

  test('beside its MLP it is replaced behind the layer', async () => {
    const parallel = await openLanguageModel(fixture('gpt_neox'), { threads: 1 });
    const sae = identitySae(32);
    const found = await evaluate(sae, 'blocks.1.hook_attn_out', { model: parallel });
    await parallel.close();
    const { clean, spliced, zeroAblated } = lossesOf(found);
    expect(spliced).toBe(clean);
    expect(Math.abs(zeroAblated - clean)).toBeGreaterThan(1e-4);
  });
});

describe('what cannot be evaluated is one sentence', () => {
  const HOOK = 'blocks.0.hook_resid_post';
  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'another width',
      () => evaluate(identitySae(21), HOOK),
      'usage',
      /^test: does not fit the model \(width 21, expected 20\)$/,
    ],
    [
      'a transcoder',
      () => evaluate({ ...identitySae(20), facts: [TRANSCODER_FACT] }, HOOK),
      'usage',
      /^test: is a transcoder/,
    ],
    ['no rows', () => evaluate(identitySae(20), HOOK, { rows: [] }), 'usage', /no token counts/],
    [
      'special tokens alone',
      () => evaluate(identitySae(20), HOOK, { rows: [Int32Array.of(1, 7, 7)] }),
      'usage',
      /no token counts/,
    ],
    [
      'a row beyond the context',
      () => evaluate(identitySae(20), HOOK, { rows: [Int32Array.of(1, 9), new Int32Array(49)] }),
      'usage',
      /^evaluation: row 1 is too long \(got 49 tokens, the model's context holds 48\)$/,
    ],
    [
      'an id outside the vocabulary',
      () => evaluate(identitySae(20), HOOK, { rows: [Int32Array.of(1, 61, 5)] }),
      'usage',
      /vocabulary/,
    ],
    [
      'NaN in the decoder',
      () => {
        const sae = identitySae(20);
        return evaluate({ ...sae, b_dec: new Float32Array(20).fill(Number.NaN) }, HOOK);
      },
      'format',
      /^test: what it reconstructs is NaN or infinite at token 1 of row 1$/,
    ],
    [
      'stopped before it begins',
      () => evaluate(identitySae(20), HOOK, { signal: AbortSignal.abort() }),
      'interrupted',
      /interrupted/,
    ],
  ])('%s', async (_, run, kind, message) => {
    await expect(run()).rejects.toMatchObject({ kind, message: expect.stringMatching(message) });
  });

  test('stopped between passes', async () => {
    const controller = new AbortController();
    let calls = 0;
    const onProgress = (): void => {
      calls += 1;
      if (calls === 3) controller.abort();
    };
    const running = evaluate(identitySae(20), HOOK, { signal: controller.signal, onProgress });
    await expect(running).rejects.toMatchObject({ kind: 'interrupted' });
    expect(calls).toBe(3);
  });
});
