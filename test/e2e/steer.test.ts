/** @file `antipode steer` and `steer calibrate` on the embedded default: what people see, and that it is what `antipode generate` writes. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFull, onlyInFull, runs } from '../support/effort.ts';
import {
  MAIN,
  makePlace,
  type Place,
  runCommand,
  runHere,
  runShell,
  snapshot,
} from '../support/run_command.ts';

const SPEC = fileURLToPath(new URL('../../experiments/steering/organism.yaml', import.meta.url));

const hasScript = spawnSync('script', ['--version']).status === 0;
const why = hasScript ? '' : ' (needs script(1), absent: skipped)';

let place: Place;
beforeAll(() => {
  place = makePlace();
});
afterAll(() => place.remove());

interface Shown {
  readonly arms: readonly { readonly arm: string; readonly length: number }[];
  readonly replies: readonly {
    readonly arm: string;
    readonly seed: number;
    readonly text: string;
    readonly tokens: number[];
  }[];
}
const json = async (...args: string[]): Promise<Shown> => {
  const { code, stdout, stderr } = await runHere(place, [...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Shown;
};

describe('antipode steer', () => {
  it('shows DEFAULT beside both poles, each text the one that antipode generate writes', async () => {
    const { arms, replies } = await json('steer', '--pair', 'happy:sad', '--replies', '2', '-n', '24');
    expect(arms.map(({ arm }) => arm)).toEqual(['DEFAULT', '+Happy', '+Sad']);
    expect(arms[1]!.length).toBeCloseTo(arms[2]!.length, 3);
    const flags = [
      'generate',
      '-m',
      'organism',
      '-p',
      'How are you?',
      '--temp',
      '0.7',
      '--replies',
      '2',
      '-n',
      '24',
    ];
    const plain = await json(...flags);
    const texts = (of: Shown, arm?: string): string[] =>
      of.replies.filter((reply) => arm === undefined || reply.arm === arm).map(({ text }) => text);
    expect(texts({ arms, replies }, 'DEFAULT')).toEqual(texts(plain));
    const steer = ['--sae', 'organism/2-res-2k', '--steer', '2:642:+16.926889932110758'];
    const happy = await json(...flags, ...steer);
    expect(texts({ arms, replies }, '+Happy')).toEqual(texts(happy));
    const once = await json('steer', ...steer, '--replies', '2', '-n', '24');
    expect(texts(once, 'STEERED')).toEqual(texts(happy));
  });

  it('of arms by name, methods and positions; what is not steered does not change', async () => {
    const arms = ['--arm', '-Happy', '--arm', '+happy+sad (matched)'];
    const shown = await json('steer', '--positions', 'generated', ...arms, '-n', '8');
    expect(shown.arms.map(({ arm }) => arm)).toEqual(['DEFAULT', '-Happy', '+Happy+Sad (matched)']);
    const first = new Set(shown.replies.map(({ tokens }) => tokens[0]));
    // The first token follows from the prompt alone.
    expect(first.size).toBe(1);
    const out = await json('steer', '--method', 'project-out', '-n', '8');
    expect(out.arms[1]).toMatchObject({ arm: 'without Happy', length: null });
    const clamped = await json('steer', '--method', 'clamp', '-n', '8');
    expect(clamped.arms[1]).toMatchObject({ arm: '+Happy', length: null });
  });

  it.each([
    [['--steer', '2:642:+1', '--pair', 'happy:sad'], '--pair: stands beside --steer'],
    [['--steer', '1:642:+1'], 'layer'],
    [['--arm', '+Glad'], '--arm: got "+Glad", expected one of +Happy+Sad'],
    [['-m', 'google/gemma-2-2b'], 'no SAE is named whose features could steer it'],
    [['--strenght', '3'], "unknown option '--strenght'"],
  ])('%j is refused in a sentence', async (flags, message) => {
    const refused = await runHere(place, ['steer', ...flags]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it.skipIf(!hasScript)(`stands in columns on a terminal that is wide enough${why}`, async () => {
    const on = async (columns: number): Promise<string> => {
      const command = `stty cols ${columns}; "${process.execPath}" "${MAIN}" steer -n 12 --no-color 2>/dev/null`;
      return (await runShell(place, `script -qec '${command}' /dev/null`, { TERM: 'dumb' })).stdout;
    };
    expect(await on(150)).toMatch(/^DEFAULT {20,}\+Happy {20,}\+Sad\r\n/);
    expect(await on(60)).toMatch(/^DEFAULT {2}I am .*\r\n\+Happy {3}I am/);
  });
});

describe('antipode steer calibrate', () => {
  it('finds a range for each pole, with curves, the same twice', async () => {
    const args = ['steer', 'calibrate', SPEC, '--strengths', '0.25,1,2', '--replies', '6', '-n', '24'];
    const first = await runCommand(place, [...args, '--out', 'one', '--json']);
    expect(first.code).toBe(0);
    const { recommended, strengths } = JSON.parse(first.stdout) as {
      recommended: Record<string, { from: number; to: number } | null>;
      strengths: number[];
    };
    expect(strengths).toEqual([0.15, 0.6, 1.2]);
    expect(Object.keys(recommended)).toEqual(['Happy', 'Sad']);
    // Twice the card's strength breaks the text.
    for (const range of Object.values(recommended)) expect(range?.to).toBeLessThan(1.2);
    expect((await runHere(place, [...args, '--out', 'two', '-q', '--threads', '1'])).stdout).toBe('two\n');
    expect(snapshot(join(place.cwd, 'two'))).toEqual(snapshot(join(place.cwd, 'one')));
    const svg = readFileSync(join(place.cwd, 'one', 'figures', 'calibration.svg'), 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain('prefers-color-scheme: dark');
    const dry = await runHere(place, [...args, '--out', 'dry', '--dry-run']);
    expect(dry.stdout).toContain('would generate 42 replies');
    expect(existsSync(join(place.cwd, 'dry'))).toBe(false);
  });
});

/** All seeds in npm run test:full; one always. */
const SEEDS = runs(1) > 1 ? [0, 1, 2] : [0];

describe.each(SEEDS)('the article’s experiment on the embedded default, seed %i', (seed) => {
  it.skipIf(!isFull)(
    `ends up in the pole that was pushed, and nowhere without a push${onlyInFull('a run of twenty replies per arm')}`,
    async () => {
      const { code, stdout } = await runHere(place, [
        'steer',
        'run',
        SPEC,
        '--seed',
        String(seed),
        '--out',
        `seed-${seed}`,
        '--json',
      ]);
      expect(code).toBe(0);
      const { tables } = JSON.parse(stdout) as {
        tables: { arms: Readonly<Record<string, number | string>>[] };
      };
      const of = (column: string, arm: string): number =>
        Number(tables.arms.find((row) => row['arm'] === arm)![column]);
      expect(of('label_a', '+Happy') + of('label_b_to_a', '+Happy')).toBeGreaterThanOrEqual(15);
      expect(of('label_b', '+Sad') + of('label_a_to_b', '+Sad')).toBeGreaterThanOrEqual(15);
      expect(of('label_none', 'control')).toBeGreaterThanOrEqual(15);
      // Of twenty replies each; a single direction may happen to be a mood.
      const random = [1, 2, 3].map((number) => of('label_none', `random ${number}`));
      expect(random.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(45);
      // What a word list alone would take for happiness.
      expect(of('degenerate', '+Happy+Sad')).toBeGreaterThan(10);
      for (const arm of ['+Happy', '+Sad']) expect(of('nll_ratio', arm)).toBeLessThan(2);
    },
    120_000,
  );
});
