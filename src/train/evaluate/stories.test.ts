import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { convertLlama2c, readPieces } from '../../../test/support/llama2c.ts';
import { identitySae } from '../../../test/support/random_sae.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { parseHookPoint } from '../harvest/hook_name.ts';
import { evaluateSae } from './evaluate_sae.ts';

const data = fileURLToPath(new URL('../../../../shared/data/stories260k', import.meta.url));

/** Of the kind that the model was trained on; our own words. */
const STORIES = [
  'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big dog.',
  'Tom had a red ball. He liked to play with his ball every day. One day, the ball went into a tree. Tom was sad.',
  'One day, a little bird was very hungry. The bird asked a cat for some food. The cat said no, and the bird was sad.',
  'Sue and her mom went to the store. They wanted to buy a cake. Sue saw a big cake and said, "I want this one!"',
];

describe.skipIf(!existsSync(data))(
  'a trained story model (needs ../shared/data/stories260k, absent: skipped)',
  () => {
    test('loses the less, the more of its activations an SAE keeps', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'antipode-evaluate-stories-'));
      await convertLlama2c(join(data, 'stories260K.bin'), dir);
      const pieces = await readPieces(join(data, 'tok512.bin'), 512);
      const model = await openLanguageModel(dir, { threads: 1 });
      const rows = STORIES.map((text) => Int32Array.from(pieces.encode(text)));
      const hook = parseHookPoint('blocks.2.hook_resid_post', model.config);
      const at = async (kept: number) => {
        const found = await evaluateSae({ model, sae: identitySae(64, kept), hook, rows });
        const { losses, reconstruction } = found;
        if (!losses || 'unavailable' in losses) throw new Error('no losses');
        return { ...losses, ...reconstruction };
      };
      const [all, most, half] = [await at(64), await at(60), await at(32)];
      // It was trained on many such stories; knowing nothing of its 512 tokens would cost 6.24 nats.
      expect(all.clean).toBeGreaterThan(0.5);
      expect(all.clean).toBeLessThan(1.5);
      expect(all.spliced).toBe(all.clean);
      expect(all.recoveredFromZero).toBe(1);
      for (const [more, less] of [
        [all, most],
        [most, half],
      ] as const) {
        expect(less.clean).toBe(more.clean);
        expect(less.spliced).toBeGreaterThan(more.spliced);
        expect(less.explainedVariance).toBeLessThan(more.explainedVariance);
        expect(less.recoveredFromMean).toBeLessThan(more.recoveredFromMean);
        expect(less.l2Ratio).toBeLessThan(more.l2Ratio);
      }
      expect(most.recoveredFromMean).toBeGreaterThan(0.98);
      expect(half.meanAblated).toBeGreaterThan(half.spliced + 1);
      expect(half.zeroAblated).toBeGreaterThan(half.meanAblated);
      await model.close();
      await rm(dir, { recursive: true });
    });
  },
);
