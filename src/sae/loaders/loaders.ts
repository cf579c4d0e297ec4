/** @file All formats, in the order in which they are tried: the more particular names first. */

import { AntipodeError } from '../../errors.ts';
import type { SaeLayout } from '../layout.ts';
import type { SaeSource } from '../sae_source.ts';
import { dictionaryLearningLoader } from './load_dictionary_learning.ts';
import { gemmaScopeLoader } from './load_gemma_scope.ts';
import { gemmaScope2Loader } from './load_gemma_scope_2.ts';
import { hookZLoader } from './load_hook_z.ts';
import { linearPairLoader } from './load_linear_pair.ts';
import { llamaScopeLoader } from './load_llama_scope.ts';
import { openAiLoader } from './load_openai.ts';
import { saeLensLoader } from './load_saelens.ts';
import { sparsifyLoader } from './load_sparsify.ts';
import type { SaeLoader } from './loader.ts';
import { mappedLayout, proposeMap } from './mapped.ts';
import type { TensorMap } from './tensor_map.ts';

export const LOADERS: readonly SaeLoader[] = [
  gemmaScopeLoader,
  gemmaScope2Loader,
  sparsifyLoader,
  llamaScopeLoader,
  openAiLoader,
  hookZLoader,
  saeLensLoader,
  dictionaryLearningLoader,
  linearPairLoader,
];

export interface LayoutChoice {
  /** Use this loader without looking for signs of it. */
  readonly format?: string | undefined;
  readonly map?: TensorMap | undefined;
}

/** @throws {AntipodeError} `format` where no loader knows the names, with a mapping that may fit; and whatever the loader throws */
export async function layoutOf(source: SaeSource, { format, map }: LayoutChoice = {}): Promise<SaeLayout> {
  if (map) return mappedLayout(source, map);
  if (format !== undefined) return requireLoader(format).layout(source);
  for (const loader of LOADERS) if (await loader.detect(source)) return loader.layout(source);
  const shapes = [...source.weights.tensors.values()].map(
    ({ name, shape }) => `${name} [${shape.join(', ')}]`,
  );
  const shown = shapes.slice(0, 8).join(', ') + (shapes.length > 8 ? `, … (${shapes.length} in all)` : '');
  const proposal = proposeMap(source.weights);
  throw new AntipodeError(
    'format',
    `${source.weights.name}: not a known SAE layout (it has ${shown || 'no tensors'})`,
    {
      hint: proposal
        ? `name the tensors, for example ${proposal}`
        : 'name the tensors with --map W_enc=… --map W_dec=… --map b_enc=… --map b_dec=…',
    },
  );
}

function requireLoader(format: string): SaeLoader {
  const loader = LOADERS.find((one) => one.format === format);
  if (loader) return loader;
  throw new AntipodeError(
    'usage',
    `format ${format}: unknown (expected ${LOADERS.map((one) => one.format).join(', ')})`,
  );
}
