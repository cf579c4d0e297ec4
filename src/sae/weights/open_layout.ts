/** @file Turns any loader's layout into an opened SAE. The one place that reads weights; formats differ only in their layouts. */

import { readFloat32 } from '../../formats/tensor_file.ts';
import type { FeatureMatrix } from '../../tensor/matrix.ts';
import type { MatrixLayout, SaeLayout, VectorLayout } from '../layout.ts';
import type { Sae, SaeFile, Space } from '../sae.ts';
import { readMatrix, type Scale } from './read_matrix.ts';
import { readRows } from './read_rows.ts';
import { weightFacts } from './weight_facts.ts';

/** @param close closes every file that the layout's tensors read from; called once */
export function openLayout(layout: SaeLayout, close: () => Promise<void>): SaeFile {
  const matrixOf = (space: Space): MatrixLayout => (space === 'encoder' ? layout.W_enc : layout.W_dec);
  const readSpace = async (space: Space): Promise<FeatureMatrix> =>
    readMatrix(matrixOf(space), await readScale(matrixOf(space)));
  const { densities } = layout.vectors;
  let isClosed = false;
  return {
    header: layout.header,
    readRows: async (space, features) =>
      readRows(matrixOf(space), features, await readScale(matrixOf(space))),
    readSpace,
    load: () => load(layout, readSpace),
    ...(densities && { readDensities: () => readVector(densities) }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await close();
    },
  };
}

async function load(layout: SaeLayout, readSpace: (space: Space) => Promise<FeatureMatrix>): Promise<Sae> {
  const { header, encoding, vectors } = layout;
  // Both at once: the reads of one overlap the transposition of the other. Both end before an error is thrown.
  const [encoder, decoder] = await Promise.allSettled([readSpace('encoder'), readSpace('decoder')]);
  if (encoder.status === 'rejected') throw encoder.reason;
  if (decoder.status === 'rejected') throw decoder.reason;
  const W_dec = decoder.value;
  const { threshold, b_gate, r_mag } = vectors;
  const weights = {
    W_enc: encoder.value,
    W_dec,
    b_enc: await readVector(vectors.b_enc),
    b_dec: await readVector(vectors.b_dec),
    ...(threshold && { threshold: await readVector(threshold, W_dec) }),
    ...(b_gate && { b_gate: await readVector(b_gate) }),
    ...(r_mag && { r_mag: await readVector(r_mag) }),
  };
  return { ...header, facts: [...header.facts, ...weightFacts(weights)], ...weights, ...encoding };
}

async function readScale({ scale = 1 }: MatrixLayout): Promise<Scale> {
  return typeof scale === 'number' ? scale : readVector(scale);
}

async function readVector(layout: VectorLayout, decoder?: FeatureMatrix): Promise<Float32Array> {
  if ('constant' in layout) {
    const values = new Float32Array(layout.length).fill(layout.constant);
    if (!layout.isOverDecoderNorm) return values;
    if (!decoder) throw new Error('internal: a vector over decoder norms was read without the decoder');
    return values.map((value, i) => value / decoder.norms[i]!);
  }
  const values = await readFloat32(layout.tensor);
  if (layout.transform === 'exp') return values.map(Math.exp);
  if (layout.transform === 'exp10') return values.map((value) => 10 ** value);
  return values;
}
