import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { maxDifference } from '../../test/support/lm_goldens.ts';
import { type Checkpoint, readCheckpoint, writeRest } from '../../test/support/rest_of_model.ts';
import { createRng } from '../tensor/rng.ts';
import type { LanguageModel, Site } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));

/**
 * Of the largest logit. Both ways do the same float32 sums behind the place, on residuals that differ by one rounding (6e-8) where Gemma's are divided
 * and multiplied by sqrt(d_model); the layers above carry that on, as every rounding of their own.
 */
const SAME = 1e-5;

interface Push {
  readonly site: Site;
  readonly tokens: readonly number[];
  readonly strength: number;
  /** Of the direction; every column has one of its own where `isPerPosition`. */
  readonly seed: number;
  readonly isPerPosition: boolean;
}

describe.each(['gemma2', 'llama', 'mistral', 'qwen2', 'gpt2'])('%s', (family) => {
  let folder: string;
  let checkpoint: Checkpoint;
  let model: LanguageModel;
  let written = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'antipode-two-ways-'));
    checkpoint = await readCheckpoint(`${fixtures}/${family}`);
    model = await openLanguageModel(`${fixtures}/${family}`, { threads: 1 });
  });
  afterAll(async () => {
    await model?.close();
    await rm(folder, { recursive: true });
  });

  /** Strength times direction, `[1 or columns, d_model]`. */
  const vectorsOf = ({ tokens, strength, seed, isPerPosition }: Push): Float32Array => {
    const rng = createRng(seed, 'two ways');
    const length = (isPerPosition ? tokens.length : 1) * model.config.dModel;
    return Float32Array.from({ length }, () => strength * rng.normal());
  };

  const bySteering = async (push: Push): Promise<Float32Array> => {
    const columns = push.isPerPosition ? push.tokens.length : 1;
    const steer = [{ at: push.site, columns, values: vectorsOf(push) }];
    return (await model.forward({ tokens: [push.tokens], steer, logits: 'all' })).logits!.values;
  };

  const byRunningTheRest = async (push: Push): Promise<Float32Array> => {
    const name = `resid.${push.site}` as const;
    const { captures } = await model.forward({ tokens: [push.tokens], capture: [name], logits: 'none' });
    const vectors = vectorsOf(push);
    const residual = captures.get(name)!.values.map((x, i) => x + vectors[i % vectors.length]!);
    const isSliding = model.config.windows.map((window) => window !== null);
    const place = join(folder, String(written++));
    await writeRest(place, { checkpoint, from: push.site, residual, isSliding });
    const rest = await openLanguageModel(place, { threads: 1 });
    try {
      const tokens = [...push.tokens.keys()];
      return (await rest.forward({ tokens: [tokens], logits: 'all' })).logits!.values;
    } finally {
      await rest.close();
    }
  };

  const differenceOf = (a: Float32Array, b: Float32Array): number =>
    maxDifference(a, b) / a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

  test('steering by c * v at a place is c * v added to the captured residual, and the rest run on that', async () => {
    const sites: Site[] = ['emb', ...model.config.windows.keys()];
    const push = fc.record({
      site: fc.constantFrom(...sites),
      tokens: fc.array(fc.nat(model.config.vocabSize - 1), { minLength: 1, maxLength: 20 }),
      strength: fc.double({ min: -20, max: 20, noNaN: true }),
      seed: fc.nat(1e6),
      isPerPosition: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(push, async (one) => {
        expect(differenceOf(await byRunningTheRest(one), await bySteering(one))).toBeLessThan(SAME);
      }),
      { numRuns: runs(25) },
    );
  });

  test('the difference is one that steering makes: of another strength it is a hundred times larger', async () => {
    for (const site of ['emb', 0, 1, 2] as const) {
      const one = { site, tokens: [5, 9, 1, 30, 22, 17, 8], strength: 2, seed: 4, isPerPosition: false };
      const weaker = await bySteering({ ...one, strength: 1.9 });
      expect(differenceOf(await byRunningTheRest(one), weaker)).toBeGreaterThan(100 * SAME);
    }
  });
});
