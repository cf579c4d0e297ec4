/** @file What one format's loader is: a cheap test on names, and a layout. Adding a format is one file like these and a line in `loaders.ts`. */

import { AntipodeError } from '../../errors.ts';
import type { SaeLayout } from '../layout.ts';
import type { SaeSource } from '../sae_source.ts';
import type { JsonConfig } from './json_config.ts';

export interface SaeLoader {
  /** As it stands in `SaeHeader.format` and in `--format`. */
  readonly format: string;
  /** One line for `--help` and for the error on unknown files. */
  readonly summary: string;
  /** Looks at tensor names, file names and configuration names; reads no weights. */
  detect(source: SaeSource): Promise<boolean>;
  /** @throws {AntipodeError} `format` where the files contradict themselves or the format; `missing` for a file that belongs to it */
  layout(source: SaeSource): Promise<SaeLayout>;
}

export function hasAll(source: SaeSource, ...names: readonly string[]): boolean {
  const { tensors, unsupported } = source.weights;
  return names.every((name) => tensors.has(name) || unsupported?.has(name) === true);
}

/** @throws {AntipodeError} `missing`, naming the file and where it belongs */
export async function requireConfig(source: SaeSource, relativePath: string): Promise<JsonConfig> {
  const config = await source.config(relativePath);
  if (config) return config;
  throw new AntipodeError(
    'missing',
    `${relativePath}: not found beside ${source.weights.name}, which needs it`,
    {
      hint: `put ${relativePath} of the same SAE there, or name the tensors with --map`,
    },
  );
}
