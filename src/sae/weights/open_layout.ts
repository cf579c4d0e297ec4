/** @file Turns any loader's layout into an opened SAE. The one place that reads weights; formats differ only in their layouts. */

import { readFloat32 } from '../../formats/tensor_file.ts';
import type { FeatureMatrix } from '../../tensor/matrix.ts';
import type { ConstantVector, MatrixLayout, SaeLayout, VectorLayout } from '../layout.ts';
import type { Sae, SaeFile, Space } from '../sae.ts';
import { readMatrix, type Scale } from './read_matrix.ts';
import { readRows } from './read_rows.ts';
import { weightFacts } from './weight_facts.ts';

/** @param close closes every file that the layout's tensors read from; called once */
export function openLayout(layout: SaeLayout, close: () => Promise<void>): SaeFile {
  const matrixOf = (space: Space): MatrixLayout => (space === 'encoder' ? layout.W_enc : layout.W_dec);
  const readSome = async (space: Space, features: readonly number[]): Promise<FeatureMatrix> =>
    readRows(matrixOf(space), features, await readScale(matrixOf(space)));
  const readSpace = async (space: Space): Promise<FeatureMatrix> =>
    readMatrix(matrixOf(space), await readScale(matrixOf(space)));
  const { densities } = layout.vectors;
  let isClosed = false;
  return {
    header: layout.header,
    readRows: readSome,
    readSpace,
    rowsInFile(space) {
      const { featureAxis, scale = 1, tensor } = matrixOf(space);
      const isPlain = tensor.dtype === 'F32' && tensor.order === 'C' && featureAxis === 0 && scale === 1;
      if (!isPlain || !tensor.inFile) return undefined;
      return { ...tensor.inFile, ...(tensor.checksum && { checksum: tensor.checksum }) };
    },
    load: () => load(layout, readSpace),
    loadFeatures: (features) => load(layout, (space) => readSome(space, features), features),
    ...(densities && { readDensities: () => readVector(densities) }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await close();
    },
  };
}

/** @param features those that `readSpace` reads, all where left out */
async function load(
  layout: SaeLayout,
  readSpace: (space: Space) => Promise<FeatureMatrix>,
  features?: readonly number[],
): Promise<Sae> {
  const { encoding, vectors } = layout;
  const header = features ? { ...layout.header, dSae: features.length } : layout.header;
  // Both at once: the reads of one overlap the transposition of the other. Both end before an error is thrown.
  const [encoder, decoder] = await Promise.allSettled([readSpace('encoder'), readSpace('decoder')]);
  if (encoder.status === 'rejected') throw encoder.reason;
  if (decoder.status === 'rejected') throw decoder.reason;
  const W_dec = decoder.value;
  const { threshold, b_gate, r_mag } = vectors;
  const perFeature = async (vector: VectorLayout): Promise<Float32Array> => {
    if ('constant' in vector) return constantVector({ ...vector, length: header.dSae }, W_dec);
    const values = await readVector(vector);
    return features ? Float32Array.from(features, (feature) => values[feature]!) : values;
  };
  const weights = {
    W_enc: encoder.value,
    W_dec,
    b_enc: await perFeature(vectors.b_enc),
    b_dec: await readVector(vectors.b_dec),
    ...(threshold && { threshold: await perFeature(threshold) }),
    ...(b_gate && { b_gate: await perFeature(b_gate) }),
    ...(r_mag && { r_mag: await perFeature(r_mag) }),
  };
  // Sentences about weights are about all of them.
  const facts = features ? header.facts : [...header.facts, ...weightFacts(weights)];
  return { ...header, facts, ...weights, ...encoding };
}

async function readScale({ scale = 1 }: MatrixLayout): Promise<Scale> {
  return typeof scale === 'number' ? scale : readVector(scale);
}

async function readVector(layout: VectorLayout): Promise<Float32Array> {
  if ('constant' in layout) return constantVector(layout);
  const values = await readFloat32(layout.tensor);
  if (layout.transform === 'exp') return values.map(Math.exp);
  if (layout.transform === 'exp10') return values.map((value) => 10 ** value);
  return values;
}

function constantVector(
  { constant, isOverDecoderNorm, length }: ConstantVector,
  decoder?: FeatureMatrix,
): Float32Array {
  const values = new Float32Array(length).fill(constant);
  if (!isOverDecoderNorm) return values;
  if (!decoder) throw new Error('internal: a vector over decoder norms was read without the decoder');
  return values.map((value, i) => value / decoder.norms[i]!);
}
