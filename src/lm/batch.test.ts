import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { maxDifference } from '../../test/support/lm_goldens.ts';
import type { LanguageModel } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const folder = fileURLToPath(new URL('../../test/fixtures/lm/gemma2', import.meta.url));

let whole: LanguageModel;
let cut: LanguageModel;
beforeAll(async () => {
  whole = await openLanguageModel(folder);
  cut = await openLanguageModel(folder, { maxTokensAtOnce: 6 });
});
afterAll(async () => {
  await whole?.close();
  await cut?.close();
});

const token = fc.nat(60);

/** For each row its tokens in one to three turns; turns are padded to the longest of the batch. */
const conversations = fc.integer({ min: 1, max: 3 }).chain((turns) =>
  fc.array(
    fc.array(fc.array(token, { minLength: 1, maxLength: 9 }), { minLength: turns, maxLength: turns }),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
);

test('rows of any lengths, in any turns, padded on any side, cut into pieces or not, equal each row alone in one pass', async () => {
  const sides = fc.array(fc.constantFrom('left' as const, 'right' as const), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(conversations, sides, fc.boolean(), async (rows, padding, isCut) => {
      const model = isCut ? cut : whole;
      const past = await model.createPast(rows.length);
      let last = new Float32Array(0);
      for (const [turn] of rows[0]!.entries()) {
        const tokens = rows.map((row) => row[turn]!);
        const { logits } = await model.forward({ tokens, past, padding: padding[turn]! });
        last = logits!.values as Float32Array<ArrayBuffer>;
      }
      await model.releasePast(past);
      const width = model.config.vocabSize;
      for (const [i, row] of rows.entries()) {
        const { logits } = await whole.forward({ tokens: [row.flat()] });
        // Sums of float32 in other orders: 1.1e-5 was the most that thousands of cases came to.
        expect(maxDifference(last.subarray(i * width, (i + 1) * width), logits!.values)).toBeLessThan(4e-5);
      }
    }),
    { numRuns: runs(60) },
  );
});
