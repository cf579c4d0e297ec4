import { describe, expect, it } from 'vitest';
import { makeRows, makeWholeNumbers } from '../../test/support/search_rows.ts';
import { allocateMatrix, cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { emptyPartners, enterPartner, type Partners } from './antipodal_pass.ts';
import { antipodality, antipodalityByFloats } from './antipodality.ts';
import { shareRows } from './shared_rows.ts';

function gaussian(n: number, d: number, seed: number, edit?: (data: Float32Array) => void): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(seed, 'antipodality-test');
  for (let i = 0; i < n * d; i++) matrix.data[i] = rng.normal();
  edit?.(matrix.data);
  return toFeatureMatrix(matrix);
}

/** By the definition, in float64. */
function truth(encoder: FeatureMatrix, decoder: FeatureMatrix): Partners {
  const found = emptyPartners(encoder.rows);
  for (let i = 0; i < encoder.rows; i++) {
    for (let j = 0; j < encoder.rows; j++) {
      if (i === j) continue;
      const cosEncoder = cosine(encoder, i, encoder, j);
      const cosDecoder = cosine(decoder, i, decoder, j);
      const score = cosEncoder * cosDecoder;
      if (!Number.isNaN(score)) enterPartner(found, i, { partner: j, score, cosEncoder, cosDecoder });
    }
  }
  return found;
}

function negated(matrix: FeatureMatrix): FeatureMatrix {
  return toFeatureMatrix({ ...matrix, data: matrix.data.map((value) => -value) });
}

const structured = makeRows('struct', 1100, 32, 3);
const cases: [string, FeatureMatrix, FeatureMatrix][] = [
  ['nothing in common, several tiles', gaussian(1100, 24, 1), gaussian(1100, 24, 2)],
  ['pairs planted in both', structured, structured],
  ['one matrix is the negative of the other', gaussian(400, 16, 3), negated(gaussian(400, 16, 3))],
  ['width 1: every score is 1 or -1', gaussian(90, 1, 4), gaussian(90, 1, 5)],
  ['whole numbers: equal scores, equal rows, zero rows', makeWholeNumbers(500, 8, 6), gaussian(500, 8, 7)],
  ['two rows', gaussian(2, 5, 8), gaussian(2, 5, 9)],
  ['one row', gaussian(1, 5, 8), gaussian(1, 5, 9)],
  [
    'rows without a direction in one of the two',
    gaussian(300, 12, 10, (data) => data.fill(0, 24, 60)),
    gaussian(300, 12, 11, (data) => {
      data[12 * 40] = Number.NaN;
    }),
  ],
];

describe('antipodality', () => {
  it.each(cases)('equals float64: %s', async (_, encoder, decoder) => {
    const found = await antipodality(encoder, decoder, { threads: 2 });
    expect(found).toEqual(truth(encoder, decoder));
  });

  it('is the same by floats, where integers are of no use', async () => {
    const [encoder, decoder] = [makeRows('struct', 1200, 40, 5), makeRows('struct', 1200, 40, 5)];
    const rows = { encoder: shareRows(encoder), decoder: shareRows(decoder), d: 40 };
    const joined = emptyPartners(1200);
    for (const { partner, score, cosEncoder, cosDecoder } of await antipodalityByFloats(rows, {
      threads: 2,
    })) {
      partner.forEach((other, row) => {
        const found = { score: score[row]!, cosEncoder: cosEncoder[row]!, cosDecoder: cosDecoder[row]! };
        if (other !== -1) enterPartner(joined, row, { partner: other, ...found });
      });
    }
    expect(joined).toEqual(await antipodality(encoder, decoder));
    await expect(antipodalityByFloats(rows, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });

  it('finds the planted partner, and tells opposed from alike by the two cosines', async () => {
    const plant = (data: Float32Array): void => {
      for (let c = 0; c < 64; c++) {
        data[7 * 64 + c] = -data[3 * 64 + c]!;
        data[9 * 64 + c] = data[5 * 64 + c]!;
      }
    };
    const { partner, score, cosEncoder } = await antipodality(
      gaussian(200, 64, 12, plant),
      gaussian(200, 64, 13, plant),
    );
    expect([partner[3], partner[7], partner[5], partner[9]]).toEqual([7, 3, 9, 5]);
    expect([score[3], score[5]]).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
    expect([cosEncoder[3], cosEncoder[5]]).toEqual([expect.closeTo(-1, 12), expect.closeTo(1, 12)]);
  });

  it('is the same on any number of workers', async () => {
    const [encoder, decoder] = [gaussian(2100, 40, 14), gaussian(2100, 40, 15)];
    const one = await antipodality(encoder, decoder, { threads: 1 });
    expect(await antipodality(encoder, decoder, { threads: 4 })).toEqual(one);
  });

  it('decides at once where more pairs tie than can wait', async () => {
    const equal = gaussian(1700, 3, 16, (data) => {
      for (let row = 1; row < 1700; row++) data.copyWithin(row * 3, 0, 3);
    });
    const { partner, score } = await antipodality(equal, equal, { threads: 1 });
    expect([...partner.slice(0, 3), partner[1699]]).toEqual([1, 0, 0, 0]);
    expect(Math.min(...score)).toBeCloseTo(1, 12);
  });

  it('says how far it is, ends on abort, and refuses matrices of different shapes', async () => {
    const rows = gaussian(1200, 8, 17);
    const seen: number[] = [];
    await antipodality(rows, rows, { onProgress: (done) => seen.push(done) });
    expect(seen.at(-1)).toBe((1200 * 1199) / 2);
    await expect(antipodality(rows, rows, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
    await expect(antipodality(rows, gaussian(1200, 9, 18))).rejects.toMatchObject({ kind: 'usage' });
  });
});
