/** @file The work of `antipode init`. */

import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { parseExperiment } from '../experiment/experiment_spec.ts';
import { writeExperiment } from '../experiment/write_experiment.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { EMBEDDED_SAES } from '../hub/embedded_default.ts';
import type { CliContext } from './context.ts';
import { noConcepts, ownCatalogue } from './geometry_inputs.ts';
import type { InitFlags } from './init_command.ts';
import { visible } from './output.ts';
import { identityOf } from './steer_outline.ts';

/** As it ships: for the editor of whoever has this antipode. */
const SCHEMA = new URL('../../experiments/experiment.schema.json', import.meta.url).href;

/** @throws {AntipodeError} `usage` where the file is there, or more concepts than SAEs are named */
export async function runInit(context: CliContext, file: string, flags: InitFlags): Promise<void> {
  const { concepts = [], force, layer, model, pair, title } = flags;
  const saes = flags.sae ?? EMBEDDED_SAES.map(({ id }) => id);
  if (concepts.length > saes.length) {
    throw new AntipodeError('usage', `--concepts: given ${concepts.length} times for ${saes.length} --sae`);
  }
  const alone =
    model !== undefined ? '--model: names a model' : layer !== undefined ? '--layer: names where' : '';
  if (alone !== '' && pair === undefined) {
    throw new AntipodeError('usage', `${alone} to steer, but not along what`, {
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
    steering:
      pair === undefined
        ? undefined
        : { model, sae: saes.at(-1)!, concepts: concepts[saes.length - 1], layer, pair },
  });
  // What is written can be run: names that no spec may hold are refused before anything is there.
  parseExperiment(text, file);
  await writeFileAtomic(path, text);
  for (const sae of saes.slice(concepts.length)) await warnWithoutConcepts(context, sae);
  context.out().result({
    human: () => `${visible(file)}\n\nnext: antipode run ${visible(file)} --dry-run`,
    json: () => ({ path }),
    quiet: () => [file],
  });
}

/** Of an SAE that can be known now: one that is somewhere else may have a catalogue. */
async function warnWithoutConcepts(context: CliContext, sae: string): Promise<void> {
  const identity = await identityOf(context, sae, {}).catch(() => undefined);
  if (!identity || ownCatalogue(identity)) return;
  const { message } = noConcepts(identity);
  const next = 'write its file of opposites behind concepts: there, or give it with --concepts';
  context.out().warn(visible(`${message}; ${next} (docs/concepts.md)`));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
