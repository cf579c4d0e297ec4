import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxDifference, readGolden } from '../../test/support/lm_goldens.ts';
import { AntipodeError } from '../errors.ts';
import type { Capture, DenseArray, LanguageModel, Steering } from './language_model.ts';
import { type OpenModelOptions, openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));

/** float32 here, float64 there: scores below 100 are known to 1e-5, and probabilities move by as much, relatively. */
const TOLERANCE = 1e-4;

/** The same sums in another order. */
const SAME = 1e-5;

interface Case {
  model: LanguageModel;
  tokens: number[];
  steer: Steering[];
  names: Capture[];
}

async function open(family: string, options: OpenModelOptions = {}): Promise<Case> {
  const model = await openLanguageModel(`${fixtures}/${family}`, { threads: 1, ...options });
  const golden = await readGolden(`${fixtures}/${family}/expected.safetensors`);
  const tokens = [...golden.get('tokens')!];
  return {
    model,
    tokens,
    steer: [
      { at: 1, values: golden.get('steer_1')! },
      { at: 'emb', values: golden.get('steer_emb')!, columns: tokens.length },
    ],
    names: Array.from({ length: model.config.layers }, (_, layer): Capture => `pattern.${layer}`),
  };
}

/** The probabilities of one query of one head over all keys. */
function row({ shape, values }: DenseArray, at: number, head: number, column: number): Float32Array {
  const [, heads, columns, keys] = shape as [number, number, number, number];
  const start = ((at * heads + head) * columns + column) * keys;
  return values.subarray(start, start + keys);
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

describe.each(['gemma2', 'llama', 'gpt2', 'gemma3_text', 'gpt_neox'])(
  'attention patterns of %s',
  (family) => {
    let whole: Case;
    let inPieces: Case;
    beforeAll(async () => {
      whole = await open(family, { patternLayers: [1, 0] });
      inPieces = await open(family, { maxTokensAtOnce: 5 });
    });
    afterAll(async () => {
      await whole.model.close();
      await inPieces.model.close();
    });

    test('equal a float64 forward written apart, steered, and every row sums to 1', async () => {
      const golden = await readGolden(`${fixtures}/patterns/${family}.safetensors`);
      for (const { model, tokens, steer, names } of [whole, inPieces]) {
        const { captures } = await model.forward({ tokens: [tokens], steer, capture: names, logits: 'none' });
        expect([...captures.keys()]).toEqual(names);
        for (const name of names) {
          const pattern = captures.get(name)!;
          expect(pattern.shape).toEqual([1, model.config.heads, tokens.length, tokens.length]);
          expect(maxDifference(pattern.values, golden.get(name)!), name).toBeLessThan(TOLERANCE);
          for (let head = 0; head < model.config.heads; head++) {
            for (let column = 0; column < tokens.length; column++) {
              expect(sum(row(pattern, 0, head, column))).toBeCloseTo(1, 5);
            }
          }
        }
      }
    });

    test('on a kept past, keys are its slots and the new columns', async () => {
      const { model, tokens, names } = whole;
      const all = await model.forward({ tokens: [tokens], capture: names, logits: 'none' });
      const past = await model.createPast(1);
      await model.forward({ tokens: [tokens.slice(0, 9)], past, logits: 'none' });
      const rest = await model.forward({ tokens: [tokens.slice(9)], past, capture: names, logits: 'none' });
      await model.releasePast(past);
      for (const name of names) {
        const [expected, got] = [all.captures.get(name)!, rest.captures.get(name)!];
        expect(got.shape).toEqual([1, model.config.heads, tokens.length - 9, tokens.length]);
        for (let head = 0; head < model.config.heads; head++) {
          for (let column = 9; column < tokens.length; column++) {
            const difference = maxDifference(row(got, 0, head, column - 9), row(expected, 0, head, column));
            expect(difference).toBeLessThan(SAME);
          }
        }
      }
    });

    test.each(['left', 'right'] as const)(
      'pads on the %s are zeros, as queries and as keys',
      async (padding) => {
        for (const { model, tokens, names } of [whole, inPieces]) {
          const short = tokens.slice(3, 7);
          const request = { padding, capture: names, logits: 'none' } as const;
          const both = await model.forward({ tokens: [tokens, short], ...request });
          const alone = await model.forward({ tokens: [short], ...request });
          const start = padding === 'left' ? tokens.length - short.length : 0;
          for (const name of names) {
            const [padded, plain] = [both.captures.get(name)!, alone.captures.get(name)!];
            for (let head = 0; head < model.config.heads; head++) {
              for (let column = 0; column < tokens.length; column++) {
                const expected = new Float32Array(tokens.length);
                const own = column - start;
                if (own >= 0 && own < short.length) expected.set(row(plain, 0, head, own), start);
                expect(maxDifference(row(padded, 1, head, column), expected)).toBeLessThan(SAME);
              }
            }
          }
        }
      },
    );
  },
);

test('an edit and a pattern that were not declared keep each other, and the numbers', async () => {
  const { model, tokens } = await open('llama');
  const values = new Float32Array(model.config.dModel).fill(0.2);
  const edit = [{ at: 1, lanes: 1, read: values, write: values }] as const;
  const plain = await model.forward({ tokens: [tokens] });
  const edited = await model.forward({ tokens: [tokens], edit });
  const one = await model.forward({ tokens: [tokens], edit, capture: ['pattern.2'] });
  const two = await model.forward({ tokens: [tokens], edit, capture: ['pattern.0', 'pattern.2'] });
  expect(one.logits).toEqual(edited.logits);
  expect(two.logits).toEqual(edited.logits);
  expect(two.captures.get('pattern.2')).toEqual(one.captures.get('pattern.2'));
  expect((await model.forward({ tokens: [tokens] })).logits).toEqual(plain.logits);
  await model.close();
});

describe('patterns that are refused', () => {
  test('no such layer, and more than the memory for them', async () => {
    const { model } = await open('llama');
    const refusal = async (work: Promise<unknown>): Promise<string> => {
      const error = await work.catch((reason: unknown) => reason);
      return error instanceof AntipodeError ? `${error.kind}: ${error.message}` : String(error);
    };
    expect(await refusal(model.forward({ tokens: [[1]], capture: ['pattern.3'] }))).toMatch(
      /^usage: capture pattern\.3: there is no such place .* or pattern with a layer from 0 to 2\)/,
    );
    const rows = Array.from({ length: 15_000 }, () => Array<number>(40).fill(1));
    expect(
      await refusal(model.forward({ tokens: rows, capture: ['pattern.0', 'pattern.1', 'pattern.2'] })),
    ).toBe(
      'usage: capture of 3 attention patterns: 15000 x 4 x 40 x 40 values each take 2 GiB together (expected at most 1)',
    );
    expect(await refusal(model.forward({ tokens: [[1]], capture: ['pattern.01' as Capture] }))).toMatch(
      /^usage: capture pattern\.01: there is no such place/,
    );
    await model.close();
    expect(await refusal(open('llama', { patternLayers: [0, 3] }))).toBe(
      'usage: patternLayers: there is no place 3 (expected a layer from 0 to 2)',
    );
  });
});
