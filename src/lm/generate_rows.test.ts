import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { writeTinyModel } from '../../test/support/tiny_model.ts';
import { createRng } from '../tensor/rng.ts';
import { type GenerationRow, generate } from './generate.ts';
import type { LanguageModel, Steering } from './language_model.ts';
import type { SamplingOptions } from './sampler.ts';
import { openLanguageModel } from './session.ts';
import { openTokenizer } from './tokenizer/open_tokenizer.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

let folder: string;
let model: LanguageModel;
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-rows-'));
  await writeTinyModel(folder, { tokenizerConfig: { eos_token: 'w60' } });
  [model, tokenizer] = [await openLanguageModel(folder, { threads: 1 }), await openTokenizer(folder)];
});
afterAll(async () => {
  await model?.close();
  await rm(folder, { recursive: true });
});

/** Up to two tokens short of the context of 48, so that rows also end there, at different times. */
const row = fc.record({
  prompt: fc.oneof(
    { weight: 3, arbitrary: fc.array(fc.nat(60), { minLength: 1, maxLength: 8 }) },
    { weight: 1, arbitrary: fc.array(fc.nat(60), { minLength: 38, maxLength: 46 }) },
  ),
  seed: fc.nat(1e6),
  /** Of the row's own steering. */
  strength: fc.constantFrom(0, 0.5, -3),
});

const sampling: fc.Arbitrary<SamplingOptions> = fc.oneof(
  fc.record({ temperature: fc.constantFrom(0, 0.3, 1, 2) }),
  fc.record({ temperature: fc.constantFrom(0.7, 1.5), topK: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    temperature: fc.constantFrom(0, 1),
    topP: fc.constantFrom(0.3, 0.9),
    repetitionPenalty: fc.constantFrom(1.3, 0.8),
  }),
);

/** The same direction for all, with the strength of each. */
function steeringOf(rows: readonly { readonly strength: number }[]): Steering[] {
  const { dModel } = model.config;
  const rng = createRng(1, 'rows');
  const direction = Float32Array.from({ length: dModel }, () => rng.normal());
  const values = new Float32Array(rows.length * dModel);
  rows.forEach(({ strength }, r) => {
    values.set(
      direction.map((x) => strength * x),
      r * dModel,
    );
  });
  return [{ at: 1, rows: rows.length, values }];
}

type Row = GenerationRow & { readonly strength: number };

function run(rows: readonly Row[], options: SamplingOptions, stops: readonly string[] = []) {
  const shown = rows.map(() => [] as string[]);
  const work = generate({
    model,
    tokenizer,
    rows,
    maxNewTokens: 9,
    sampling: options,
    stops,
    steer: steeringOf(rows),
    onText: (index, text) => shown[index]!.push(text),
  });
  return work.then((replies) => ({ replies, shown }));
}

test('what a row says does not depend on how many others there are, which, and in which order', async () => {
  // Up to rounding of the sums: a draw that falls between two float32 roundings would differ, once in millions.
  const order = fc.array(fc.nat(), { minLength: 1, maxLength: 7 });
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 6 }),
      order,
      sampling,
      async (rows, places, options) => {
        const { replies } = await run(rows, options);
        const picked = places.map((place) => place % rows.length);
        const again = await run(
          picked.map((r) => rows[r]!),
          options,
        );
        picked.forEach((r, place) => {
          const { text, tokens, end } = replies[r]!;
          expect(again.replies[place]).toMatchObject({ text, tokens, end });
          ends.add(end);
        });
      },
    ),
    { numRuns: runs(40) },
  );
  expect([...ends].sort()).toEqual(['context', 'eos', 'length']);
});

test('what is shown of several rows is never taken back, and stops in front of the first stop sequence', async () => {
  const cut = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 6 }));
  let stopped = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 5 }),
      fc.array(cut, { minLength: 1, maxLength: 3 }),
      sampling,
      async (rows, cuts, options) => {
        const whole = await run(rows, options);
        const source = whole.replies.map(({ text }) => text).join('');
        const stops = cuts
          .map(([at, length]) => source.slice(at % Math.max(1, source.length)).slice(0, length))
          .filter((stop) => stop !== '');
        const { replies, shown } = await run(rows, options, stops);
        replies.forEach(({ text, end }, r) => {
          expect(shown[r]!.join('')).toBe(text);
          const full = whole.replies[r]!.text;
          const first = Math.min(...stops.map((stop) => endOf(full, stop)));
          if (first === Number.POSITIVE_INFINITY) expect([text, end]).toEqual([full, whole.replies[r]!.end]);
          else {
            // Of the stop sequences that are complete there, the longest is what is missing.
            const met = stops.filter((stop) => full.slice(0, first).endsWith(stop));
            expect(text).toBe(full.slice(0, first - Math.max(...met.map(({ length }) => length))));
            stopped += 1;
          }
        });
      },
    ),
    { numRuns: runs(40) },
  );
  expect(stopped).toBeGreaterThan(20);
});

function endOf(text: string, stop: string): number {
  const at = text.indexOf(stop);
  return at < 0 ? Number.POSITIVE_INFINITY : at + stop.length;
}
