import { describe, expect, it } from 'vitest';
import { AntipodeError } from '../../errors.ts';
import { resolveSettings, type SaeTrainingSettings, sparsityAt } from './settings.ts';

const GIVEN: SaeTrainingSettings = { architecture: 'batchtopk', dSae: 64, k: 4, steps: 1000 };

function refusal(more: Partial<SaeTrainingSettings>, without: readonly string[] = []): string {
  const given = Object.entries({ ...GIVEN, ...more }).filter(([name]) => !without.includes(name));
  try {
    resolveSettings(Object.fromEntries(given) as unknown as SaeTrainingSettings, 16);
  } catch (error) {
    if (error instanceof AntipodeError && error.kind === 'usage') return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('settings of a training', () => {
  it.each<[Partial<SaeTrainingSettings>, string]>([
    [{ k: 65 }, 'k is 65 (expected at most d_sae, 64)'],
    [{ k: 0 }, 'k is 0 (expected a whole number from 1 to 64)'],
    [{ k: 2.5 }, 'k is 2.5 (expected a whole number from 1 to 64)'],
    [{ dSae: 0 }, 'd_sae is 0 (expected a whole number from 1 to 16777216)'],
    [{ dSae: Number.NaN }, 'd_sae is NaN'],
    [{ steps: 0 }, 'steps is 0'],
    [{ batch: 2 ** 21 }, 'batch is 2097152'],
    [{ batch: 2 ** 20, dSae: 2 ** 14 }, 'arrays of batch (1048576) by d_sae (16384)'],
    [{ sparsityCoefficient: 1 }, 'sparsityCoefficient is 1 (batchtopk has none)'],
    [{ learningRate: 0 }, 'learningRate is 0 (expected a number above 0)'],
    [{ learningRate: Number.POSITIVE_INFINITY }, 'learningRate is Infinity'],
    [{ warmupSteps: 1001 }, 'warmupSteps is 1001 (expected at most the steps, 1000)'],
    [{ decayShare: 0 }, 'decayShare is 0'],
    [{ beta2: 1 }, 'beta2 is 1 (expected at least 0 and below 1)'],
    [{ auxCoefficient: -1 }, 'auxCoefficient is -1 (expected a number from 0 on)'],
    [{ calibrationRows: 1 }, 'calibrationRows is 1'],
    [{ checkpointEvery: 0 }, 'checkpointEvery is 0'],
    [{ deadAfter: 0 }, 'deadAfter is 0'],
    [{ seed: 0.5 }, 'seed is 0.5'],
  ])('%o are refused: %s', (more, sentence) => {
    expect(refusal(more)).toContain(`training: ${sentence}`);
  });

  it('ask for what an architecture needs, and refuse what it has not', () => {
    expect(refusal({}, ['k'])).toBe('training: batchtopk needs k, the active latents per activation');
    expect(refusal({ architecture: 'topk' }, ['k'])).toContain('topk needs k');
    expect(refusal({ architecture: 'jumprelu' })).toContain('k is 4 (jumprelu has none)');
    for (const architecture of ['jumprelu', 'relu'] as const)
      expect(refusal({ architecture }, ['k'])).toContain(`${architecture} needs a sparsity coefficient`);
    expect(refusal({ architecture: 'gated' as 'relu' })).toContain('architecture is gated (expected one of');
  });

  it('are completed by defaults that follow the size of the training', () => {
    expect(resolveSettings(GIVEN, 768)).toMatchObject({
      batch: 1024,
      warmupSteps: 50,
      auxK: 512,
      auxCoefficient: 1 / 32,
      deadAfter: 102_400,
      calibrationRows: 4096,
      maxGradientNorm: 1,
    });
    expect(resolveSettings({ ...GIVEN, steps: 1e6, batch: 8192 }, 768)).toMatchObject({
      warmupSteps: 1000,
      deadAfter: 1e7,
      calibrationRows: 8192,
    });
    expect(resolveSettings(GIVEN, 1).auxK).toBe(1);
    const rate = (dSae: number): number => resolveSettings({ ...GIVEN, dSae }, 768).learningRate;
    expect([64, 512, 2048, 8192].map(rate)).toEqual([5e-3, 4e-3, 2e-3, 1e-3]);
  });

  it('let the sparsity coefficient grow to its value, divided by d_in', () => {
    const settings = resolveSettings(
      { architecture: 'relu', dSae: 64, steps: 1000, sparsityCoefficient: 8, sparsityWarmupSteps: 100 },
      16,
    );
    expect([1, 50, 100, 1000].map((step) => sparsityAt(step, settings, 16))).toEqual([0.005, 0.25, 0.5, 0.5]);
    const { sparsityWarmupSteps: _, ...rest } = settings;
    expect(resolveSettings({ ...rest, k: undefined } as never, 16).sparsityWarmupSteps).toBe(200);
  });
});
