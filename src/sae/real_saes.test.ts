import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';
import { inspectSae } from './inspect.ts';
import { openSae } from './open.ts';
import type { SaeFile, Space } from './sae.ts';

interface Extreme {
  readonly min: readonly [number, number, number];
  readonly max: readonly [number, number, number];
}

interface GoldenReal {
  readonly d_in: number;
  readonly d_sae: number;
  readonly encoder: Extreme;
  readonly decoder: Extreme;
  readonly same_feature: {
    readonly mean: number;
    readonly min: [number, number];
    readonly max: [number, number];
  };
  readonly decoder_pairs: readonly (readonly [number, number, number])[];
}

const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const golden: Readonly<Record<string, GoldenReal>> = JSON.parse(
  readFileSync(new URL('../../test/golden/sae/real_saes.json', import.meta.url), 'utf8'),
);

const TINY = 'sae-tinystories/sae_512_4.pt';
const TINY_MAP = [
  'W_enc=encoder_weights',
  'W_dec=decoder_weights',
  'b_enc=encoder_bias',
  'b_dec=pre_bias',
  'k=4',
];

async function openReal(name: string): Promise<SaeFile> {
  return openSae(`${shared}${name}`, { env: {}, cwd: '/', ...(name === TINY && { map: TINY_MAP }) });
}

function extremesOf(matrix: FeatureMatrix): Extreme {
  let min: Extreme['min'] = [-1, -1, 2];
  let max: Extreme['max'] = [-1, -1, -2];
  for (let i = 0; i < matrix.rows; i++) {
    for (let j = i + 1; j < matrix.rows; j++) {
      const value = cosine(matrix, i, matrix, j);
      if (value < min[2]) min = [i, j, value];
      if (value > max[2]) max = [i, j, value];
    }
  }
  return { min, max };
}

for (const [name, expected] of Object.entries(golden)) {
  const here = existsSync(`${shared}${name}`);
  describe.skipIf(!here)(`${name} ${here ? '' : `(needs ../shared/data/${name}, absent: skipped)`}`, () => {
    it('loads with the right axes', async () => {
      const file = await openReal(name);
      await file.close();
      expect(file.header).toMatchObject({
        dIn: expected.d_in,
        dSae: expected.d_sae,
        format: name === TINY ? 'mapped' : 'dictionary-learning',
        architecture: name === TINY ? 'topk' : 'standard',
      });
    });

    it.each<Space>(['encoder', 'decoder'])('has numpy’s extremes in its %s', async (space) => {
      const file = await openReal(name);
      const found = extremesOf(await file.readSpace(space));
      await file.close();
      for (const end of ['min', 'max'] as const) {
        expect(found[end].slice(0, 2)).toEqual(expected[space][end].slice(0, 2));
        expect(found[end][2]).toBeCloseTo(expected[space][end][2], 12);
      }
    });

    it('has numpy’s cosines for single rows and for each feature with itself', async () => {
      const file = await openReal(name);
      const rows = await file.readRows(
        'decoder',
        expected.decoder_pairs.flat().filter((_, i) => i % 3 < 2),
      );
      expected.decoder_pairs.forEach(([, , value], i) => {
        expect(cosine(rows, 2 * i, rows, 2 * i + 1)).toBeCloseTo(value, 12);
      });
      const { sameFeature } = await inspectSae(file);
      await file.close();
      expect(sameFeature?.count).toBe(expected.d_sae);
      expect(sameFeature?.mean).toBeCloseTo(expected.same_feature.mean, 12);
      for (const end of ['min', 'max'] as const) {
        expect(sameFeature?.[end].feature).toBe(expected.same_feature[end][0]);
        expect(sameFeature?.[end].cosine).toBeCloseTo(expected.same_feature[end][1], 12);
      }
    });
  });
}

describe.skipIf(!existsSync(`${shared}${TINY}`))(`published numbers (needs ../shared/data/${TINY})`, () => {
  it('are 0.744 and -0.919 for the decoder', async () => {
    const file = await openReal(TINY);
    const { min, max } = extremesOf(await file.readSpace('decoder'));
    await file.close();
    expect(max[2].toFixed(3)).toBe('0.744');
    expect(min[2].toFixed(3)).toBe('-0.919');
  });
});
