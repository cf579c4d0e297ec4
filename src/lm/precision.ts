/** @file What each form in which a model's matrices are kept and multiplied with needs before a graph can be built. */

import { antipodeCacheDir } from '../hub/cache_dirs.ts';
import type { Device } from '../onnx/device.ts';
import type { ModelConfig } from './config.ts';
import { exactProducts } from './graph/exact_products.ts';
import { listMatrices, type StoredMatrix } from './graph/list_matrices.ts';
import { portableProducts } from './graph/portable_products.ts';
import type { MakeProducts } from './graph/products.ts';
import { quantisedProducts } from './graph/quantised_products.ts';
import { widenedProducts } from './graph/widened_products.ts';
import type { Precision, PrecisionChoice } from './precision_names.ts';
import { openSidecar } from './quantised/sidecar.ts';
import type { ModelWeights } from './weights.ts';

/** Quantising saves memory traffic: a smaller model runs fast enough, and about fits into caches. */
const AUTO_BYTES = 256 * 2 ** 20;

export interface PrecisionOptions {
  readonly precision?: PrecisionChoice | undefined;
  /** antipode's own cache, where quantised copies are kept; that of the environment where left out. */
  readonly cacheDir?: string | undefined;
  readonly threads?: number | undefined;
  readonly maxCastRows?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface PreparedPrecision {
  readonly name: Precision;
  /** Whether the runtime should arrange matrices for speed in memory of its own. */
  readonly isPacked: boolean;
  products(device: Device): MakeProducts;
}

/** Makes the quantised copy where there is none yet. @throws {AntipodeError} as `openSidecar` and `listMatrices` */
export async function preparePrecision(
  config: ModelConfig,
  weights: ModelWeights,
  options: PrecisionOptions,
): Promise<PreparedPrecision> {
  const { precision = 'exact', maxCastRows } = options;
  const stored = (device: Device): MakeProducts =>
    device === 'cpu' ? exactProducts(maxCastRows) : portableProducts(maxCastRows);
  const exact: PreparedPrecision = { name: 'exact', isPacked: false, products: stored };
  switch (precision) {
    case 'exact':
      return exact;
    case 'f32':
      return {
        name: 'f32',
        isPacked: true,
        products: (device) => (device === 'cpu' ? widenedProducts(maxCastRows) : stored(device)),
      };
  }
  const matrices = await listMatrices(config, weights);
  if (precision === 'auto' && storedBytes(matrices) <= AUTO_BYTES) return exact;
  const bits = precision === 'q4' ? 4 : 8;
  const sidecar = await openSidecar(matrices, {
    bits,
    cacheDir: options.cacheDir ?? antipodeCacheDir(process.env),
    root: weights.root,
    threads: options.threads,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  return {
    name: `q${bits}`,
    isPacked: true,
    products: (device) => quantisedProducts(sidecar.matrix, stored(device)),
  };
}

function storedBytes(matrices: readonly StoredMatrix[]): number {
  return matrices.reduce((sum, { tensor }) => sum + tensor.data.length, 0);
}
