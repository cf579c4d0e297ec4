/** @file How the commands that run a language model say which one and how; opening it. */

import type { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import { antipodeCacheDir } from '../hub/cache_dirs.ts';
import { openIsolatedModel } from '../lm/isolation/open_isolated_model.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { PRECISIONS, type PrecisionChoice } from '../lm/precision.ts';
import type { CliContext } from './context.ts';
import { integerOption } from './options.ts';
import type { Progress } from './output.ts';

export interface ModelFlags {
  readonly model: string;
  readonly precision: PrecisionChoice;
  readonly threads?: number;
}

/** What `--precision auto` stands for: numbers that are looked at are exact, texts may come from quantised weights. */
export type ModelUse = 'activations' | 'generation';

export function addModelOptions(command: Command): Command {
  return command
    .option('-m, --model <ref>', 'a Hugging Face model folder, or org/name in the Hugging Face cache')
    .option(
      '--precision <mode>',
      'exact, f32 (exact, more memory, faster), q8 or q4 (quantised once into the cache); auto takes q8 to generate with large models',
      parsePrecision,
      'auto',
    )
    .option(
      '--threads <count>',
      'threads of the model (default: the physical cores)',
      integerOption('--threads', 1, 1024),
    );
}

/** @throws {AntipodeError} `usage` */
function parsePrecision(text: string): PrecisionChoice {
  const choices: readonly PrecisionChoice[] = ['auto', ...PRECISIONS];
  const found = choices.find((choice) => choice === text);
  if (found) return found;
  throw new AntipodeError(
    'usage',
    `--precision: got ${JSON.stringify(text)}, expected one of ${choices.join(', ')}`,
  );
}

export interface ModelRequest {
  /** Of the model that `flags` name. */
  readonly folder: string;
  readonly flags: ModelFlags;
  readonly use: ModelUse;
}

/**
 * In a process of its own, which Ctrl-C ends at once. Shows progress while weights are quantised.
 * @throws {AntipodeError} as `openIsolatedModel`
 */
export async function openModel(
  { env, out, signal }: CliContext,
  { flags, folder, use }: ModelRequest,
): Promise<LanguageModel> {
  const { precision, threads } = flags;
  let progress: Progress | undefined;
  const onProgress = (fraction: number): void => {
    progress ??= out().progress('quantising the weights (once)', 1);
    progress.update(fraction);
  };
  try {
    const options = {
      precision: precision === 'auto' && use === 'activations' ? 'exact' : precision,
      cacheDir: antipodeCacheDir(env),
      ...(threads === undefined ? {} : { threads }),
    } as const;
    return await openIsolatedModel(folder, options, { onProgress, signal });
  } finally {
    progress?.end();
  }
}
