/** @file A small model, texts for it and `antipode train sae` on them, for tests of what a training leaves and how it goes on. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng } from '../../src/tensor/rng.ts';
import {
  type CommandOptions,
  type CommandResult,
  makePlace,
  type Place,
  runCommand,
  runHere,
} from './run_command.ts';
import { writeTinyModel } from './tiny_model.ts';

const rng = createRng(3, 'texts');

/** As lines of `texts.txt`. */
export const TEXTS: readonly string[] = Array.from({ length: 80 }, () =>
  Array.from({ length: 3 + rng.integer(30) }, () => `w${2 + rng.integer(50)}`).join(' '),
);

/** One thread: the same bytes every time. */
export const TRAINING: readonly string[] = [
  ...['train', 'sae', '-m', 'model', '--text', 'texts.txt', '--threads', '1'],
  ...['--d-sae', '64', '--batch-size', '64', '--checkpoint-every', '20'],
];

export interface TrainingPlace extends Place {
  /** BatchTopK behind layer 1, but for what `more` says. In a process of its own where something is to happen to it. */
  train(out: string, more: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  path(...names: string[]): string;
}

/** With `model` and `texts.txt`. */
export async function makeTrainingPlace(): Promise<TrainingPlace> {
  const place = makePlace();
  await writeTinyModel(join(place.cwd, 'model'));
  await writeFile(join(place.cwd, 'texts.txt'), TEXTS.join('\n'));
  return {
    ...place,
    path: (...names) => join(place.cwd, ...names),
    train(out, more, options) {
      const hook = more.includes('--hook') ? [] : ['--layer', '1'];
      const k = more.includes('--architecture') ? [] : ['--k', '4'];
      const run = options?.during ? runCommand : runHere;
      return run(place, [...TRAINING, ...hook, ...k, '--out', out, ...more], options);
    },
  };
}
