/** @file From explanations to measured opposites with the built command: proposals, a person's review of them, the geometry of what was confirmed. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';

let place: Place;
beforeAll(() => {
  place = makePlace();
});
afterAll(() => place.remove());

it('proposals are reviewed by hand, and the confirmed ones are what geometry measures', async () => {
  const out = ['--per-side', '2', '--limit', '2', '--out', 'opposites.yaml', '--quiet'];
  const found = await runCommand(place, ['concepts', 'discover', '--source', 'organism/2-res-2k', ...out]);
  expect([found.code, found.stdout]).toEqual([0, 'opposites.yaml\n']);

  const geometry = [
    'geometry',
    '--sae',
    'organism/2-res-2k',
    '--concepts',
    'opposites.yaml',
    '--only',
    'pairs',
  ];
  const early = await runHere(place, geometry);
  expect(early.code).not.toBe(0);
  expect(early.stderr).toMatch(/opposites\.yaml:10:13: .*nobody has reviewed it yet/);

  const file = join(place.cwd, 'opposites.yaml');
  const proposals = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    proposals.replace('review: open', 'review: confirmed').replace('review: open', 'review: struck'),
  );
  const measured = await runHere(place, [...geometry, '--json']);
  expect(measured.code).toBe(0);
  const { tables } = JSON.parse(measured.stdout) as { tables: { pairs: { concept: string }[] } };
  expect(new Set(tables.pairs.map(({ concept }) => concept))).toEqual(new Set(['Happiness-Sadness']));
});
