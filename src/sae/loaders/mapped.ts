/**
 * @file Any other file, by a mapping from the user. Orientation comes from shapes: the vectors say d_in and d_sae, each matrix must have
 * both. Where they are equal, or no vector says which is which and the user states nothing, it is refused or stated as a fact; never guessed
 * in silence. Also proposes a mapping for files that no loader knows.
 */

import { AntipodeError } from '../../errors.ts';
import { requireTensor, type StoredTensor, type TensorFile } from '../../formats/tensor_file.ts';
import type { SaeLayout } from '../layout.ts';
import type { Architecture } from '../sae.ts';
import type { MatrixName, SaeSource } from '../sae_source.ts';
import { buildLayout, type NamedMatrix } from './build_layout.ts';
import { type Dimensions, vectorLayout } from './dimensions.ts';
import type { StatedAxis, TensorMap } from './tensor_map.ts';

/** @throws {AntipodeError} `format` where shapes contradict each other; `usage` where a square matrix is not stated */
export function mappedLayout(source: SaeSource, map: TensorMap): SaeLayout {
  const { weights } = source;
  const facts: string[] = [];
  const dimensions = inferDimensions(source, map, facts);
  const architecture = architectureOf(map);
  const b_dec = map.vectors.get('b_dec');
  const applyBDecToInput = map.applyBDecToInput ?? architecture !== 'jumprelu';
  if (b_dec !== undefined && map.applyBDecToInput === undefined) {
    const how = applyBDecToInput ? 'subtracted' : 'not subtracted';
    facts.push(
      `b_dec is ${how} before encoding, as usual for ${architecture}; state it with --map apply_b_dec_to_input=true|false`,
    );
  }
  if (architecture === 'standard')
    facts.push('neither k, threshold nor gate is mapped: taken as standard (ReLU)');
  const logs = map.vectors.get('log_threshold');
  const named = (name: 'b_enc' | 'threshold' | 'b_gate' | 'r_mag'): Record<string, string> => {
    const tensor = map.vectors.get(name);
    return tensor === undefined ? {} : { [name]: tensor };
  };
  return buildLayout(
    // The statement about a transposed matrix is used up in `matrixOf`.
    { ...source, transposed: new Set() },
    {
      format: 'mapped',
      architecture,
      dimensions,
      ...(map.k !== undefined && { k: map.k }),
      W_enc: matrixOf(source, 'W_enc', map, dimensions),
      W_dec: matrixOf(source, 'W_dec', map, dimensions),
      ...(b_dec !== undefined && { b_dec }),
      ...named('b_enc'),
      ...named('threshold'),
      ...named('b_gate'),
      ...named('r_mag'),
      ...(logs !== undefined && {
        threshold: { ...vectorLayout(weights, logs, 'd_sae', dimensions), transform: 'exp' as const },
      }),
      encoding: { applyBDecToInput },
      facts: ['names and orientation by the user’s --map', ...facts],
    },
  );
}

function architectureOf(map: TensorMap): Architecture {
  const isGated = map.vectors.has('b_gate') || map.vectors.has('r_mag');
  const isThresholded = map.vectors.has('threshold') || map.vectors.has('log_threshold');
  const kinds: Architecture[] = [];
  if (isGated) kinds.push('gated');
  if (isThresholded) kinds.push('jumprelu');
  if (map.k !== undefined) kinds.push('topk');
  if (kinds.length > 1)
    throw new AntipodeError(
      'usage',
      `--map: names the parts of ${kinds.join(' and ')} at once (expected one architecture)`,
    );
  if (isGated && !(map.vectors.has('b_gate') && map.vectors.has('r_mag')))
    throw new AntipodeError('usage', '--map: a gated SAE needs both b_gate and r_mag');
  return kinds[0] ?? 'standard';
}

/** The two axes: from the vectors where they are mapped, else from what the user states, else the longer one is d_sae. */
function inferDimensions(source: SaeSource, map: TensorMap, facts: string[]): Dimensions {
  const { weights } = source;
  const encoder = matrixTensor(weights, map, 'W_enc');
  const [a = 0, b = 0] = encoder.shape;
  const other = (length: number): number => (length === a ? b : a);
  const b_dec = map.vectors.get('b_dec');
  const perFeature = [...map.vectors].find(([name]) => name !== 'b_dec')?.[1];
  const lengthOf = (name: string): number => {
    const { shape } = requireTensor(weights, name);
    if (shape.length === 1) return shape[0]!;
    throw new AntipodeError(
      'format',
      `${weights.name}: ${name} has shape [${shape.join(', ')}], expected one axis`,
    );
  };
  if (b_dec !== undefined) {
    const dIn = lengthOf(b_dec);
    const dSae = perFeature === undefined ? other(dIn) : lengthOf(perFeature);
    return { dIn, dSae, dInFrom: b_dec, dSaeFrom: perFeature ?? encoder.name };
  }
  if (perFeature !== undefined) {
    const dSae = lengthOf(perFeature);
    return { dIn: other(dSae), dSae, dInFrom: encoder.name, dSaeFrom: perFeature };
  }
  const stated = statedAxis(source, map, 'W_enc');
  if (stated) {
    const [dSae, dIn] = stated === 'rows' ? [a, b] : [b, a];
    return { dIn, dSae, dInFrom: encoder.name, dSaeFrom: encoder.name };
  }
  if (a !== b) facts.push(`no vector says which axis is d_sae: the longer one, ${Math.max(a, b)}`);
  return { dIn: Math.min(a, b), dSae: Math.max(a, b), dInFrom: encoder.name, dSaeFrom: encoder.name };
}

function matrixTensor(weights: TensorFile, map: TensorMap, matrix: MatrixName): StoredTensor {
  const name = map.matrices.get(matrix)?.tensor;
  if (name === undefined) throw new Error(`internal: ${matrix} is not mapped`);
  const tensor = requireTensor(weights, name);
  if (tensor.shape.length === 2) return tensor;
  throw new AntipodeError(
    'format',
    `${weights.name}: ${name} has shape [${tensor.shape.join(', ')}], expected two axes for ${matrix}`,
  );
}

/** `--transpose W_enc` beside a mapping says the same as `W_enc.T=`. */
function statedAxis(source: SaeSource, map: TensorMap, matrix: MatrixName): StatedAxis {
  const axis = map.matrices.get(matrix)?.axis;
  if (axis !== undefined || !source.transposed.has(matrix)) return axis;
  return matrix === 'W_enc' ? 'rows' : 'columns';
}

function matrixOf(
  source: SaeSource,
  matrix: MatrixName,
  map: TensorMap,
  dimensions: Dimensions,
): NamedMatrix {
  const { name, shape } = matrixTensor(source.weights, map, matrix);
  const stated = statedAxis(source, map, matrix);
  if (stated) return { name, featureAxis: stated === 'rows' ? 0 : 1 };
  if (shape[0] === shape[1]) {
    throw new AntipodeError(
      'usage',
      `${source.weights.name}: ${name} is square [${shape.join(', ')}]: nothing says whether features are rows or columns`,
      { hint: `state it: --map ${matrix}.rows=${name} or --map ${matrix}.columns=${name}` },
    );
  }
  // Any shape but the two possible ones is refused when the layout is built.
  return { name, featureAxis: shape[0] === dimensions.dSae ? 0 : 1 };
}

/** A `--map` line that fits the names and shapes of an unknown file, for the error's hint; undefined where nothing fits. */
export function proposeMap({ tensors }: TensorFile): string | undefined {
  const all = [...tensors.values()];
  const find = (axes: number, pattern: RegExp): string | undefined =>
    all.find(({ name, shape }) => shape.length === axes && pattern.test(name))?.name;
  const encoder = find(2, /enc|W_E|w1|up/i);
  const decoder = find(2, /dec|W_D|w2|down/i);
  if (encoder === undefined || decoder === undefined) return undefined;
  const [a = 0, b = 0] = tensors.get(encoder)?.shape ?? [];
  const vector = (length: number): string | undefined =>
    all.find(({ shape }) => shape.length === 1 && shape[0] === length)?.name;
  const [b_enc, b_dec] = a === b ? [undefined, undefined] : [vector(Math.max(a, b)), vector(Math.min(a, b))];
  return Object.entries({ W_enc: encoder, W_dec: decoder, b_enc, b_dec })
    .filter(([, tensor]) => tensor !== undefined)
    .map(([name, tensor]) => `--map ${name}=${tensor}`)
    .join(' ');
}
