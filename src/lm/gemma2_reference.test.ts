import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { greedy, maxDifference, readGolden } from '../../test/support/lm_goldens.ts';
import type { Capture, LanguageModel, Steering } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const root = fileURLToPath(new URL('../../../shared/data/golden-gemma2', import.meta.url));

/** The reference is float32 as well: both sides round, a few 1e-6 on logits below 4. */
const LOGIT_TOLERANCE = 1e-4;
const RESIDUAL_TOLERANCE = 1e-4;

describe.skipIf(!existsSync(root)).each(['f32', 'bf16'])(
  'Gemma 2 against google/gemma_pytorch, %s (needs ../shared/data/golden-gemma2, absent: skipped)',
  (kind) => {
    let model: LanguageModel;
    let golden: ReadonlyMap<string, Float32Array>;
    let tokens: number[];
    let layer1: Steering;
    beforeAll(async () => {
      model = await openLanguageModel(join(root, kind));
      golden = await readGolden(join(root, kind, 'golden.npz'));
      tokens = [...golden.get('tokens')!];
      layer1 = { at: 1, values: golden.get('steer_1')! };
    });
    afterAll(() => model?.close());

    test.each(['base', 'steered'])('%s: logits and every residual', async (run) => {
      const layer2: Steering = {
        at: 2,
        values: golden.get('steer_2_per_position')!,
        columns: tokens.length,
      };
      const capture: Capture[] = [0, 1, 2, 3].map((layer): Capture => `resid.${layer}`);
      const steer = run === 'base' ? [] : [layer1, layer2];
      const result = await model.forward({ tokens: [tokens], steer, capture, logits: 'all' });
      expect(result.logits!.shape).toEqual([1, 20, 300]);
      expect(maxDifference(result.logits!.values, golden.get(`${run}.logits`)!)).toBeLessThan(
        LOGIT_TOLERANCE,
      );
      for (const name of capture) {
        const { values } = result.captures.get(name)!;
        expect(maxDifference(values, golden.get(`${run}.${name}`)!)).toBeLessThan(RESIDUAL_TOLERANCE);
      }
    });

    test('24 greedy tokens after 7, without and with steering, are the same', async () => {
      const prompt = tokens.slice(0, 7);
      expect(await greedy(model, prompt, 24)).toEqual([...golden.get('greedy_base')!]);
      expect(await greedy(model, prompt, 24, [layer1])).toEqual([...golden.get('greedy_steered')!]);
    });
  },
);
