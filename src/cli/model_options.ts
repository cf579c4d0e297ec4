/** @file How the commands that run a language model say which one and how; opening it. */

import type { Command } from 'commander';
import { antipodeCacheDir } from '../hub/cache_dirs.ts';
import type { LanguageModel, Site } from '../lm/language_model.ts';
import { PRECISIONS, type PrecisionChoice } from '../lm/precision_names.ts';
import { DEVICES, type DeviceChoice } from '../onnx/device.ts';
import type { CliContext } from './context.ts';
import { choiceOption, integerOption } from './options.ts';
import type { Progress } from './output.ts';

export interface ModelFlags {
  readonly model: string;
  readonly precision: PrecisionChoice;
  readonly device: DeviceChoice;
  readonly threads?: number;
}

/** What `--precision auto` stands for: numbers that are looked at are exact, texts may come from quantised weights. */
export type ModelUse = 'activations' | 'generation';

export function addModelOptions(command: Command): Command {
  return addModelRunOptions(
    command.option(
      '-m, --model <ref>',
      'a Hugging Face model folder, org/name or org/name@revision (fetched once), or organism, the embedded model',
    ),
  );
}

/** How a model runs, for commands that name one in their own way. */
export function addModelRunOptions(command: Command): Command {
  return command
    .option(
      '--precision <mode>',
      'exact, f32 (exact, more memory, faster), q8 or q4 (quantised once into the cache); auto takes q8 to generate with large models',
      choiceOption<PrecisionChoice>('--precision', ['auto', ...PRECISIONS]),
      'auto',
    )
    .option(
      '--device <name>',
      'cpu, webgpu (the graphics card) or cuda; auto takes cuda where it is installed and starts, else cpu, and never webgpu, whose speed on graphics cards antipode has not measured',
      choiceOption<DeviceChoice>('--device', ['auto', ...DEVICES]),
      'auto',
    )
    .option(
      '--threads <count>',
      'threads of the model (default: the physical cores)',
      integerOption('--threads', 1, 1024),
    );
}

export interface ModelRequest {
  /** Of the model that `flags` name. */
  readonly folder: string;
  readonly flags: ModelFlags;
  readonly use: ModelUse;
  /** Sites that are going to be edited. */
  readonly editSites?: readonly Site[];
}

/**
 * In a process of its own, which Ctrl-C ends at once. Shows progress while weights are quantised, and warns of a device that helps nobody.
 * @throws {AntipodeError} as `openIsolatedModel`
 */
export async function openModel(
  { env, out, signal }: CliContext,
  { editSites = [], flags, folder, use }: ModelRequest,
): Promise<LanguageModel> {
  const { device, precision, threads } = flags;
  let progress: Progress | undefined;
  const onProgress = (fraction: number): void => {
    progress ??= out().progress('quantising the weights (once)', 1);
    progress.update(fraction);
  };
  try {
    const options = {
      device,
      precision: precision === 'auto' && use === 'activations' ? 'exact' : precision,
      cacheDir: antipodeCacheDir(env),
      editSites,
      ...(threads === undefined ? {} : { threads }),
    } as const;
    const { openIsolatedModel } = await import('../lm/isolation/open_isolated_model.ts');
    const model = await openIsolatedModel(folder, options, { onProgress, signal });
    if (model.device.warning !== undefined) out().warn(model.device.warning);
    return model;
  } finally {
    progress?.end();
  }
}

/**
 * For dry runs: a device that was named is tried with the model itself, since nothing less tells whether it starts. The others always do.
 * @throws {AntipodeError} as `openModel`
 */
export async function checkDevice(context: CliContext, request: ModelRequest): Promise<void> {
  const { device } = request.flags;
  if (device === 'auto' || device === 'cpu') return;
  await (await openModel(context, request)).close();
}
