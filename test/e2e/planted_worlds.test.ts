/** @file Four dictionaries whose answer is known, through the command: the verdict tells them apart in words. */

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isFull } from '../support/effort.ts';
import { plantWorld, type World } from '../support/planted_worlds.ts';
import { makePlace, runCommand, runHere } from '../support/run_command.ts';

const place = makePlace();
afterAll(() => place.remove());

interface Verdict {
  readonly space: string;
  readonly finding: string;
  readonly mean: number;
  readonly mean_low: number;
  readonly mean_high: number;
  readonly antipodal_extremes: boolean;
  readonly text: string;
}
type Row = Record<string, string | number | null>;

async function argsOf(world: World): Promise<string[]> {
  const folder = join(place.cwd, world.replaceAll(' ', '_'));
  mkdirSync(folder, { recursive: true });
  const { sae, concepts, explanations } = await plantWorld(folder, world, 1);
  return [
    'geometry',
    '--sae',
    sae,
    '--concepts',
    concepts,
    '--explanations',
    explanations,
    '--draws',
    isFull ? '2000' : '500',
  ];
}

async function measure(
  world: World,
  ...more: string[]
): Promise<{ verdicts: Verdict[]; tables: Record<string, Row[]> }> {
  const { code, stdout, stderr } = await runHere(place, [...(await argsOf(world)), ...more, '--json']);
  expect([code, stderr.includes('error')]).toEqual([0, false]);
  const { tables } = JSON.parse(stdout) as { tables: Record<string, Row[]> };
  return { tables, verdicts: tables['verdicts'] as unknown as Verdict[] };
}

const ANTIPODAL = 'antipodal latents, most of them no opposites of these concepts';

describe('antipode geometry on planted worlds', () => {
  it('opposites that lean apart', async () => {
    const { verdicts, tables } = await measure('apart', '--out', 'apart_run');
    expect(verdicts.map(({ space, finding }) => [space, finding])).toEqual([
      ['encoder', 'opposed'],
      ['decoder', 'opposed'],
    ]);
    const [, decoder] = verdicts as [Verdict, Verdict];
    expect(decoder.mean).toBeCloseTo(-0.29, 1);
    expect([decoder.mean_low < -0.25, decoder.mean_high > -0.35]).toEqual([true, true]);
    expect(decoder.text).toMatch(
      /^Opposites lean apart: mean cosine -0\.\d+ \(95 % .*an angle of about 10\d degrees/,
    );
    expect(decoder.text).not.toContain(ANTIPODAL);
    const tests = tables['tests']!.filter(({ space, variant }) => space === 'decoder' && variant === 'macro');
    expect(tests.map(({ test }) => test)).toEqual(['permutation', 'matched-random', 'matched-density']);
    for (const { p, effect } of tests) expect([Number(p) < 0.005, Number(effect) < -2]).toEqual([true, true]);
    expect(tables['concepts']!.filter(({ q }) => Number(q) <= 0.05).length).toBeGreaterThan(20);
  });

  it('R2: its report begins with the verdict, and has n, intervals and controls beside it', () => {
    const report = readFileSync(join(place.cwd, 'apart_run', 'report.md'), 'utf8');
    const [, verdict = ''] = report.split('## Do opposites point apart?');
    expect(verdict.split('\n## ')[0]).toMatch(/Encoder \| +24 \| +32 \| +-0\.\d+ \| +-0\.\d+ to -0\.\d+ \|/);
    expect(verdict).toContain('Decoder: Opposites lean apart: mean cosine -0.');
    const order = [
      'Do opposites point apart?',
      'Cosine similarity, Encoder',
      'Tests, Encoder',
      'What the extremes are',
    ];
    const places = order.map((title) => report.indexOf(`## ${title}`));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(report).toContain('How often two features are active together is not known');
  });

  it('opposites that are like any other features', async () => {
    const { verdicts } = await measure('unrelated');
    for (const { finding, text, antipodal_extremes } of verdicts) {
      expect(finding).toBe('no-difference');
      expect(text).toMatch(/^No difference from chance was found: mean cosine/);
      expect(text).toMatch(/finds a mean of -0\.\d+ or lower in 80 % of cases/);
      expect([antipodal_extremes, text.includes(ANTIPODAL)]).toEqual([false, false]);
    }
  });

  it('opposites that lean the same way', async () => {
    const { verdicts } = await measure('same way');
    for (const { finding, mean, text } of verdicts) {
      expect([finding, mean > 0.1]).toEqual(['aligned', true]);
      expect(text).toMatch(/^Opposites lean the same way, not apart: mean cosine 0\./);
      expect(text).not.toContain(ANTIPODAL);
    }
  });

  it('only dense features are antipodal', async () => {
    const { verdicts, tables } = await measure('dense antipodal');
    for (const { finding, text, antipodal_extremes } of verdicts) {
      expect([finding, antipodal_extremes]).toEqual(['no-difference', true]);
      expect(text).toContain('Of the 10 most opposed pairs of all (from -0.9');
      expect(text).toContain('10 are antipodal in both matrices (10 with both features dense');
      expect(text).toContain('0 are opposites of these concepts');
      expect(text).toContain(`${ANTIPODAL}: two dense latents that span one direction between them`);
    }
    const groups = new Map(tables['antipodality_summary']!.map((row) => [row['features'], row]));
    expect(groups.get('dense')).toMatchObject({ n: 24, antipodal: 24, duplicate: 0 });
    expect(groups.get('not dense')).toMatchObject({ antipodal: 0 });
    expect(Number(groups.get('dense')!['mean'])).toBeGreaterThan(0.8);
    expect(Number(groups.get('concepts')!['mean'])).toBeLessThan(0.3);
  });

  it('C14: the same verdict in a process of its own, on any number of threads', async () => {
    const args = [...(await argsOf('dense antipodal')), '--only', 'tests,extremes', '--json', '--threads'];
    const [one, two] = [await runHere(place, [...args, '1']), await runCommand(place, [...args, '2'])];
    expect([one.code, JSON.parse(one.stdout)]).toEqual([0, JSON.parse(two.stdout)]);
  });
});
