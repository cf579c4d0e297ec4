import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { CHECKPOINT_FILE } from '../train/sae/training_checkpoint.ts';
import { enterWorkFolder, type WorkFolder, withNextStep, workFolderOf } from './train_folder.ts';

let dir: string;
let work: WorkFolder;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-train-folder-'));
  work = workFolderOf(join(dir, 'sae'), 'sae');
  await enterWorkFolder(work, { '--steps': 9 }, false);
});
afterEach(() => rm(dir, { recursive: true }));

/** What work outside the training loop throws: the model, the evaluation. */
function interrupt(): unknown {
  try {
    throwIfInterrupted(AbortSignal.abort());
  } catch (error) {
    return error;
  }
  throw new Error('it was not interrupted');
}

describe('what an interrupted training says', () => {
  it('without a checkpoint: that nothing is left, and nothing is', async () => {
    const error = interrupt();
    expect(await withNextStep(error, work)).toBe(error);
    expect(existsSync(work.path)).toBe(false);
  });

  it('with one: what is kept and how to go on, and not that nothing was left', async () => {
    await writeFile(join(work.path, CHECKPOINT_FILE), '');
    const hint = 'add --resume to go on (sae.training holds the checkpoint)';
    expect(await withNextStep(interrupt(), work)).toMatchObject({
      kind: 'interrupted',
      message: 'interrupted: the training stands at its last checkpoint',
      hint,
    });
    const told = new AntipodeError('interrupted', 'interrupted: the training stands at step 4 of 9');
    expect(await withNextStep(told, work)).toMatchObject({ message: told.message, hint });
    expect(existsSync(join(work.path, CHECKPOINT_FILE))).toBe(true);
  });
});
