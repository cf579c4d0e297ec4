import { afterAll, describe, expect, it } from 'vitest';
import { FIXTURE_SAE } from '../../test/support/run_command.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import { coFiringOf } from './co_firing.ts';

const opened: SaeFile[] = [];
afterAll(async () => {
  for (const sae of opened) await sae.close();
});

async function open(ref: string): Promise<SaeFile> {
  const sae = await openSae(ref, { env: {}, cwd: process.cwd() });
  opened.push(sae);
  return sae;
}

function pair(featureA: number, featureB: number): ExtremePair {
  return {
    space: 'decoder',
    end: 'opposed',
    rank: 1,
    featureA,
    featureB,
    cosEncoder: -0.7,
    cosDecoder: -0.86,
    pairClass: 'antipodal',
  };
}

const { signal } = new AbortController();

describe('coFiringOf', () => {
  it('counts on texts of the embedded default: the most opposed pair of its dictionary excludes itself', async () => {
    const sae = await open('organism/1-res-2k');
    const { counts, texts } = await coFiringOf(sae, [pair(450, 945), pair(450, 450)], signal);
    expect(texts).toBe('400 texts of the embedded default, seed 4');
    const [a, b] = [counts!.tokensOf(450)!, counts!.tokensOf(945)!];
    // Their densities on other texts are 5.6 % and 6.1 %.
    expect(a / counts!.tokens).toBeCloseTo(0.056, 1);
    expect(b / counts!.tokens).toBeCloseTo(0.061, 1);
    expect(counts!.expectedOfBoth(450, 945)).toBeGreaterThan(30);
    expect(counts!.tokensOfBoth(450, 945)).toBeLessThan(3);
    expect(counts!.tokensOfBoth(450, 450)).toBe(a);
    expect(counts!.tokensOf(1)).toBeUndefined();
  });

  it('says why it is not known of other dictionaries', async () => {
    const { counts, reason } = await coFiringOf(await open(FIXTURE_SAE), [pair(0, 1)], signal);
    expect([counts, reason]).toEqual([
      undefined,
      'it takes the model and texts, which geometry does not read',
    ]);
  });
});
