/** @file A second opinion that nobody here wrote: `antipode train sae` on a story model that others trained, on stories that it writes itself. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLanguageModel } from '../../src/lm/session.ts';
import { openTokenizer } from '../../src/lm/tokenizer/open_tokenizer.ts';
import { isFull, onlyInFull } from '../support/effort.ts';
import { makePlace, type Place, runHere } from '../support/run_command.ts';
import { HAS_STORY_MODEL, writeStories, writeStoryModel } from '../support/story_model.ts';

let place: Place;
beforeAll(async () => {
  place = makePlace();
});
afterAll(() => place.remove());

async function prepare(count: number): Promise<void> {
  const folder = join(place.cwd, 'stories');
  await mkdir(folder, { recursive: true });
  await writeStoryModel(folder);
  const model = await openLanguageModel(folder, { precision: 'f32' });
  const tokenizer = await openTokenizer(folder);
  await writeStories(join(place.cwd, 'stories.txt'), { count, model, tokenizer });
  await model.close();
}

const BASE = ['-m', 'stories', '--text', 'stories.txt', '--context', '256', '--json'];

interface Trained {
  readonly evaluation: {
    readonly explained_variance: number;
    readonly l0_mean: number;
    readonly losses: { readonly clean: number; readonly spliced: number; readonly mean_ablated: number };
  };
}

async function train(out: string, more: readonly string[]): Promise<Trained['evaluation']> {
  const args = ['train', 'sae', ...BASE, '--layer', '2', '--k', '16', '--out', out, ...more];
  const { code, stdout, stderr } = await runHere(place, args);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  return (JSON.parse(stdout) as Trained).evaluation;
}

describe.skipIf(!HAS_STORY_MODEL)(
  'a trained story model of 260,000 parameters (needs ../shared/data/stories260k, absent: skipped)',
  () => {
    it.skipIf(!isFull)(
      `a short training on few stories explains most of the variance${onlyInFull('ten seconds; the embedded default is trained in src/organism')}`,
      async () => {
        await prepare(24);
        const { explained_variance, l0_mean, losses } = await train('short', [
          '--d-sae',
          '256',
          '--steps',
          '150',
        ]);
        expect(explained_variance).toBeGreaterThan(0.7);
        expect(l0_mean).toBeGreaterThan(8);
        expect(losses.spliced).toBeLessThan(losses.mean_ablated);
      },
    );

    it.skipIf(!isFull)(
      `800 stories: explained variance of 0.9, and features of one word${onlyInFull('minutes')}`,
      async () => {
        await prepare(800);
        const { explained_variance, losses } = await train('long', ['--d-sae', '512', '--steps', '1500']);
        expect(explained_variance).toBeGreaterThan(0.9);
        expect(losses.spliced).toBeLessThan(1.15 * losses.clean);
        const args = ['explain', ...BASE, '--sae', 'long', '--tokens', '50000', '--out', 'explained'];
        const { stdout } = await runHere(place, args);
        expect((JSON.parse(stdout) as { shared_top_word: number }).shared_top_word).toBeGreaterThan(20);
      },
      // A busy machine takes ten times as long as a quiet one.
      1_800_000,
    );
  },
);
