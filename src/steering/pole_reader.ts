/**
 * @file How active two poles are at each position of a residual stream, by an SAE: per pole the largest activation among its features. Definitions of
 * activations: `sae/encode.ts`. A topk dictionary is encoded whole, because which features are active depends on all; of others only these rows are read.
 */

import { AntipodeError } from '../errors.ts';
import { encode } from '../sae/encode.ts';
import { openSaeEncoder } from '../sae/encoder_session.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { FeatureMatrix, Matrix } from '../tensor/matrix.ts';
import type { PolePair } from './arm.ts';

export interface PoleActivations {
  /** One per row. */
  readonly a: readonly number[];
  readonly b: readonly number[];
}

export interface PoleReader {
  readonly dIn: number;
  /**
   * A row's numbers do not depend on how many threads there are; for the same rows they are the same bits.
   * @param rows `[n, d_in]`, residual stream where the SAE reads
   */
  read(rows: Float32Array): Promise<PoleActivations>;
  close(): Promise<void>;
}

/**
 * Reads what it needs: the file may be closed afterwards.
 * @throws {AntipodeError} `usage` for a feature that the SAE does not have or whose encoder row holds no numbers, `resource` where a whole topk dictionary does not fit into memory
 */
export async function createPoleReader(sae: SaeFile, poles: PolePair): Promise<PoleReader> {
  const { architecture, dIn } = sae.header;
  const features = [...new Set([...poles.a.features, ...poles.b.features])];
  const encoder = await (architecture === 'topk' ? wholeEncoder(sae, features) : rowsEncoder(sae, features));
  const placeOf = new Map(features.map((feature, place) => [feature, place]));
  const [a, b] = [poles.a, poles.b].map((pole) => pole.features.map((feature) => placeOf.get(feature)!));
  return {
    dIn,
    async read(rows) {
      const acts = await encoder.encode({ data: rows, rows: rows.length / dIn, cols: dIn });
      return { a: largest(acts, a!), b: largest(acts, b!) };
    },
    close: encoder.close,
  };
}

interface FeatureEncoder {
  /** `[n, features]`. */
  encode(x: Matrix): Promise<Matrix>;
  close(): Promise<void>;
}

async function rowsEncoder(sae: SaeFile, features: readonly number[]): Promise<FeatureEncoder> {
  const part = await sae.loadFeatures(features);
  checkRows(part.W_enc, features);
  return { encode: (x) => encode(part, x), close: async () => {} };
}

/** One thread: sums are then in one order on every machine with the same engine. */
async function wholeEncoder(sae: SaeFile, features: readonly number[]): Promise<FeatureEncoder> {
  // Refuses features that are not there before the rest is read.
  checkRows(await sae.readRows('encoder', features), features);
  const encoder = await openSaeEncoder(await sae.load(), { threads: 1 });
  return {
    async encode(x) {
      const data = new Float32Array(x.rows * features.length);
      for await (const { acts, firstRow } of encoder.encodeBlocks(x)) {
        for (let row = 0; row < acts.rows; row++) {
          features.forEach((feature, place) => {
            data[(firstRow + row) * features.length + place] = acts.data[row * acts.cols + feature]!;
          });
        }
      }
      return { data, rows: x.rows, cols: features.length };
    },
    close: () => encoder.close(),
  };
}

function checkRows({ defects }: FeatureMatrix, features: readonly number[]): void {
  const broken = defects.find(({ defect }) => defect === 'non-finite');
  if (!broken) return;
  throw new AntipodeError(
    'usage',
    `feature ${features[broken.row]}: its encoder row holds NaN or infinite values`,
    {
      hint: 'name another feature of the pole',
    },
  );
}

/** NaN, as of rows that are no numbers, stays NaN. */
function largest({ data, rows, cols }: Matrix, places: readonly number[]): number[] {
  return Array.from({ length: rows }, (_, row) =>
    Math.max(...places.map((place) => data[row * cols + place]!)),
  );
}
