/** @file `antipode power` of the built command on the embedded default: tables, JSON, a run folder that is the same twice. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePlace, type Place, runCommand, runHere, snapshot } from '../support/run_command.ts';

let place: Place;
beforeAll(() => {
  place = makePlace();
});
afterAll(() => place.remove());

const POWER = ['power', '--sae', 'organism/1-res-2k', '--draws', '2000'];

describe('antipode power on the embedded default', () => {
  it('answers with its own concepts and densities, one JSON document on stdout', async () => {
    const { code, stdout } = await runHere(place, [...POWER, '--effect', '-0.05', '--json']);
    expect(code).toBe(0);
    const { tables } = JSON.parse(stdout) as { tables: { power: Record<string, number | string>[] } };
    expect(tables.power.map(({ space, test }) => `${space} ${test}`)).toEqual(
      ['encoder', 'decoder'].flatMap((space) =>
        ['matched-random', 'matched-density', 'permutation'].map((test) => `${space} ${test}`),
      ),
    );
    for (const row of tables.power) {
      const [drop, normal] = [row['detectable_drop'], row['detectable_drop_normal']] as [number, number];
      expect(drop).toBeGreaterThan(0);
      // Simulation and the normal approximation: means over 23 concepts are not far from normal.
      expect(Math.abs(drop / normal - 1)).toBeLessThan(0.25);
    }
  });

  it('a result of geometry on the other side of what power promises has a small p-value', async () => {
    const { stdout } = await runHere(place, [...POWER, '--json']);
    const { tables } = JSON.parse(stdout) as { tables: { power: Record<string, number | string>[] } };
    const { stdout: geometry } = await runHere(place, [
      ...['geometry', '--sae', 'organism/1-res-2k', '--only', 'tests', '--draws', '2000', '--json'],
    ]);
    const { tests } = (JSON.parse(geometry) as { tables: { tests: Record<string, number | string>[] } })
      .tables;
    let compared = 0;
    for (const row of tables.power.filter(({ test }) => test !== 'permutation')) {
      const result = tests.find(
        ({ space, test, variant }) => space === row['space'] && test === row['test'] && variant === 'macro',
      )!;
      // Both simulate the same null distribution, from streams of their own.
      const sd = row['null_sd'] as number;
      expect(Math.abs((result['null_mean'] as number) - (row['null_mean'] as number))).toBeLessThan(0.2 * sd);
      expect(Math.abs((result['null_sd'] as number) / sd - 1)).toBeLessThan(0.1);
      const isBeyond = (result['mean'] as number) < (row['detectable_mean'] as number);
      if (isBeyond) expect(result['p']).toBeLessThan(0.05);
      compared += 1;
    }
    expect(compared).toBe(4);
  });

  it('the same command writes the same bytes', async () => {
    expect(await runCommand(place, [...POWER, '--out', 'one'])).toMatchObject({ code: 0 });
    expect(await runHere(place, [...POWER, '--out', 'two'])).toMatchObject({ code: 0 });
    const [one, two] = [snapshot(join(place.cwd, 'one')), snapshot(join(place.cwd, 'two'))];
    expect(two).toEqual(one);
    expect(one.size).toBeGreaterThan(5);
    const report = readFileSync(join(place.cwd, 'one', 'report.md'), 'utf8');
    expect(report).toContain('# How small an opposition would be found');
    expect(report).toContain('Random features of like density');
  });

  it('helps', async () => {
    const { code, stdout } = await runHere(place, ['power', '--help']);
    expect(code).toBe(0);
    for (const word of [
      '--effect',
      '--level',
      '--power',
      '--draws',
      'antipode power --sae organism/1-res-2k',
    ])
      expect(stdout).toContain(word);
  });
});
