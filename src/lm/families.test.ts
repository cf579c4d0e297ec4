import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxDifference, readGolden } from '../../test/support/lm_goldens.ts';
import type { Capture, ForwardRequest, LanguageModel, Steering } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));

/** float32 here, float64 there, on logits below 9: a few hundred roundings of 6e-8 relative each. */
const TOLERANCE = 1e-4;

/** The same sums in another order. */
const SAME = 1e-5;

const FAMILIES = [
  'gemma2',
  'gemma3_text',
  'gemma3',
  'llama',
  'llama_linear',
  'mistral',
  'qwen2',
  'gpt2',
  'gpt2_variant',
  'gpt_neox',
  'gpt_neox_sequential',
];

describe.each(FAMILIES)('%s, tiny and random, against a float64 forward written apart', (family) => {
  let model: LanguageModel;
  let golden: ReadonlyMap<string, Float32Array>;
  let tokens: number[];
  let steer: Steering[];
  let sites: Capture[];
  beforeAll(async () => {
    model = await openLanguageModel(`${fixtures}/${family}`);
    golden = await readGolden(`${fixtures}/${family}/expected.safetensors`);
    tokens = [...golden.get('tokens')!];
    steer = [
      { at: 1, values: golden.get('steer_1')! },
      { at: 'emb', values: golden.get('steer_emb')!, columns: tokens.length },
    ];
    sites = ['resid.emb'];
    for (let layer = 0; layer < model.config.layers; layer++) {
      sites.push(`resid.${layer}`, `attn_out.${layer}`, `mlp_out.${layer}`);
    }
  });
  afterAll(() => model?.close());

  const logitsOf = async (request: ForwardRequest): Promise<Float32Array> =>
    (await model.forward({ logits: 'all', ...request })).logits!.values;
  const rowsOf = (values: Float32Array, from: number, to: number): Float32Array =>
    values.subarray(from * model.config.vocabSize, to * model.config.vocabSize);

  test.each(['base', 'steered'])('%s: logits and every capture', async (run) => {
    const given = run === 'base' ? [] : steer;
    const result = await model.forward({ tokens: [tokens], steer: given, capture: sites, logits: 'all' });
    expect(result.logits!.shape).toEqual([1, tokens.length, model.config.vocabSize]);
    expect(maxDifference(result.logits!.values, golden.get(`${run}.logits`)!)).toBeLessThan(TOLERANCE);
    expect([...result.captures.keys()]).toEqual(sites);
    for (const [name, { shape, values }] of result.captures) {
      expect(shape).toEqual([1, tokens.length, model.config.dModel]);
      expect(maxDifference(values, golden.get(`${run}.${name}`)!), name).toBeLessThan(TOLERANCE);
    }
  });

  test('pieces of 5, 1, 6 and single steps on a kept past are one forward pass', async () => {
    const whole = await logitsOf({ tokens: [tokens], steer: steer.slice(0, 1) });
    const past = await model.createPast(1);
    let at = 0;
    for (const count of [5, 1, 6, 1, 1]) {
      const part = await logitsOf({
        tokens: [tokens.slice(at, at + count)],
        past,
        steer: steer.slice(0, 1),
      });
      expect(maxDifference(part, rowsOf(whole, at, at + count))).toBeLessThan(SAME);
      at += count;
    }
    expect(at).toBe(tokens.length);
  });

  test.each(['left', 'right'] as const)(
    'rows of 14, 3 and 9 tokens padded on the %s equal each row alone, and go on so',
    async (padding) => {
      const rows = [tokens, tokens.slice(2, 5), tokens.slice(4, 13)];
      const next = [3, 59, 17];
      const together = await model.createPast(3, 4);
      const request = { tokens: rows, past: together, padding, capture: ['resid.1'] as const };
      const batch = await model.forward(request);
      const step = await model.forward({ tokens: next.map((id) => [id]), past: together });
      for (const [row, ids] of rows.entries()) {
        const past = await model.createPast(1);
        const alone = await model.forward({ tokens: [ids], past, capture: ['resid.1'] });
        expect(maxDifference(rowsOf(batch.logits!.values, row, row + 1), alone.logits!.values)).toBeLessThan(
          SAME,
        );
        const d = model.config.dModel;
        const start = (row * 14 + (padding === 'left' ? 14 - ids.length : 0)) * d;
        const captured = batch.captures.get('resid.1')!.values;
        const aloneCaptured = alone.captures.get('resid.1')!.values;
        expect(maxDifference(captured.subarray(start, start + ids.length * d), aloneCaptured)).toBeLessThan(
          SAME,
        );
        const aloneStep = await model.forward({ tokens: [[next[row]!]], past });
        expect(
          maxDifference(rowsOf(step.logits!.values, row, row + 1), aloneStep.logits!.values),
        ).toBeLessThan(SAME);
      }
    },
  );

  test('a pass cut into pieces inside equals one run: with pads, steering by column, and on a kept past', async () => {
    const cut = await openLanguageModel(`${fixtures}/${family}`, { maxTokensAtOnce: 8 });
    const rows = [tokens.slice(0, 11), tokens.slice(3, 10)];
    const vectors = golden.get('steer_emb')!.slice(0, 11 * model.config.dModel);
    const request: ForwardRequest = {
      tokens: rows,
      steer: [{ at: 1, columns: 11, values: vectors }],
      capture: sites,
      padding: 'left',
    };
    for (const logits of ['all', 'last'] as const) {
      const pasts = [await model.createPast(2), await cut.createPast(2)] as const;
      const whole = await model.forward({ ...request, past: pasts[0], logits });
      const pieces = await cut.forward({ ...request, past: pasts[1], logits });
      expect(maxDifference(pieces.logits!.values, whole.logits!.values)).toBeLessThan(SAME);
      for (const name of sites) {
        const [a, b] = [pieces, whole].map((result) => result.captures.get(name)!.values);
        // Rounding is relative, and residuals grow far above the logits.
        const size = b!.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
        expect(maxDifference(a!, b!), name).toBeLessThan(SAME * size);
      }
      const next = [[5], [7]];
      const steps = [
        await model.forward({ tokens: next, past: pasts[0] }),
        await cut.forward({ tokens: next, past: pasts[1] }),
      ];
      expect(maxDifference(steps[0]!.logits!.values, steps[1]!.logits!.values)).toBeLessThan(SAME);
      const unkept = await cut.forward({ ...request, logits });
      expect(maxDifference(unkept.logits!.values, whole.logits!.values)).toBeLessThan(SAME);
    }
    await cut.close();
  });

  test('pads are zeros in what comes back', async () => {
    const request = { tokens: [tokens.slice(0, 2), tokens.slice(0, 1)], capture: ['resid.emb'] as const };
    const { logits, captures } = await model.forward({ ...request, logits: 'all' });
    const { dModel, vocabSize } = model.config;
    expect(logits!.values.subarray(3 * vocabSize)).toEqual(new Float32Array(vocabSize));
    expect(captures.get('resid.emb')!.values.subarray(3 * dModel)).toEqual(new Float32Array(dModel));
    expect(captures.get('resid.emb')!.values.subarray(2 * dModel, 3 * dModel)).not.toEqual(
      new Float32Array(dModel),
    );
  });

  test('zeros for steering give the same bits as none, and so does a zero row beside a steered one', async () => {
    const none = await logitsOf({ tokens: [tokens] });
    const { dModel } = model.config;
    const zeros = [...Array(model.config.layers).keys()].map((at) => ({
      at,
      values: new Float32Array(dModel),
    }));
    expect(await logitsOf({ tokens: [tokens], steer: zeros })).toEqual(none);
    const perRow = new Float32Array(2 * dModel);
    perRow.set(golden.get('steer_1')!, dModel);
    const two = { tokens: [tokens, tokens], steer: [{ at: 1, rows: 2, values: perRow }] };
    const mixed = await logitsOf(two);
    expect(rowsOf(mixed, 0, tokens.length)).toEqual(
      rowsOf(await logitsOf({ tokens: [tokens, tokens] }), 0, tokens.length),
    );
    const alone = await logitsOf({ tokens: [tokens], steer: steer.slice(0, 1) });
    expect(maxDifference(rowsOf(mixed, tokens.length, 2 * tokens.length), alone)).toBeLessThan(SAME);
  });

  test('steering by c * v at a layer is c * v added to the captured residual there', async () => {
    const v = golden.get('steer_1')!;
    const at = model.config.layers - 1;
    const name: Capture = `resid.${at}`;
    const plain = await model.forward({ tokens: [tokens], capture: [name], logits: 'none' });
    const values = v.map((x) => -2.5 * x);
    const pushed = await model.forward({
      tokens: [tokens],
      capture: [name],
      steer: [{ at, values }],
      logits: 'none',
    });
    expect(plain.logits).toBeUndefined();
    const before = plain.captures.get(name)!.values;
    const expected = before.map((x, i) => x + values[i % values.length]!);
    expect(pushed.captures.get(name)!.values).toEqual(expected);
  });

  test('the output matrix widened 16 rows at a time gives the same logits', async () => {
    const inPieces = await openLanguageModel(`${fixtures}/${family}`, { maxCastRows: 16, threads: 1 });
    const { logits } = await inPieces.forward({ tokens: [tokens], logits: 'all' });
    expect(maxDifference(logits!.values, await logitsOf({ tokens: [tokens] }))).toBeLessThan(SAME);
    await inPieces.close();
  });
});
