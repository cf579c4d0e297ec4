/** @file The work of `antipode init`. */

import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { parseExperiment } from '../experiment/experiment_spec.ts';
import { writeExperiment } from '../experiment/write_experiment.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { EMBEDDED_SAES } from '../hub/embedded_default.ts';
import type { CliContext } from './context.ts';
import type { InitFlags } from './init_command.ts';
import { visible } from './output.ts';

/** As it ships: for the editor of whoever has this antipode. */
const SCHEMA = new URL('../../experiments/experiment.schema.json', import.meta.url).href;

/** @throws {AntipodeError} `usage` where the file is there, or more concepts than SAEs are named */
export async function runInit(context: CliContext, file: string, flags: InitFlags): Promise<void> {
  const { concepts = [], force, model, pair, title } = flags;
  const saes = flags.sae ?? EMBEDDED_SAES.map(({ id }) => id);
  if (concepts.length > saes.length) {
    throw new AntipodeError('usage', `--concepts: given ${concepts.length} times for ${saes.length} --sae`);
  }
  if (model !== undefined && pair === undefined) {
    throw new AntipodeError('usage', '--model: names a model to steer, but not along what', {
      hint: 'add --pair happy:sad',
    });
  }
  const path = resolve(context.cwd, file);
  if (force !== true && (await exists(path))) {
    throw new AntipodeError('usage', `${file}: is there already`, {
      hint: 'choose another name, or add --force to write over it',
    });
  }
  const text = writeExperiment({
    title,
    schema: SCHEMA,
    saes: saes.map((sae, index) => ({ sae, concepts: concepts[index] })),
    steering: pair === undefined ? undefined : { model, sae: saes.at(-1)!, pair },
  });
  // What is written can be run: names that no spec may hold are refused before anything is there.
  parseExperiment(text, file);
  await writeFileAtomic(path, text);
  context.out().result({
    human: () => `${visible(file)}\n\nnext: antipode run ${visible(file)} --dry-run`,
    json: () => ({ path }),
    quiet: () => [file],
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
