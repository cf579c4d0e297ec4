/** @file How `antipode generate` prints replies: on a terminal while they are made, in pipes one by one, as JSON in one document; and Ctrl-C. */

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment, MAIN, makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

/** A terminal sends what was typed; this is Ctrl-C. */
const CTRL_C = '\u0003';

let place: Place;
beforeAll(async () => {
  place = makePlace();
  const { dModel } = await writeTinyModel(join(place.cwd, 'model'), {
    // Words that would move the cursor, if the terminal got them.
    words: { 3: 'red\u001b[31m', 4: 'bell\u0007', 5: 'w5' },
  });
  await writeTinySae(join(place.cwd, 'dictionary.npz'), 12, dModel);
  // Room for a reply that is still written when somebody interrupts it.
  await writeTinyModel(join(place.cwd, 'endless'), { config: { max_position_embeddings: 20_000 } });
});
afterAll(() => place.remove());

const BASE = ['generate', '-m', 'model', '-p', 'w5 w6 w7', '-n', '12'];

interface Reply {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly log_probabilities: readonly number[];
  readonly mean_log_probability: number | null;
  readonly perplexity: number | null;
  readonly unsteered_log_probabilities?: readonly number[];
  readonly unsteered_mean_log_probability?: number | null;
  readonly unsteered_perplexity?: number | null;
}

async function replies(args: readonly string[]): Promise<Reply[]> {
  const { code, stdout, stderr } = await runHere(place, [...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { replies: Reply[] }).replies;
}

interface Seen {
  readonly code: number | null;
  readonly stdout: string;
}

/** Runs it with a terminal as stdin, stdout and stderr. @param typed called with all that was shown so far; what it returns is typed */
function inTerminal(args: readonly string[], typed: (shown: string) => string = () => ''): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const words = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', words, '/dev/null'], {
      cwd: place.cwd,
      env: environment(place, { TERM: 'dumb', SHELL: '/bin/sh' }),
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const answer = typed(stdout);
      if (answer !== '') child.stdin.write(answer);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: stdout.replaceAll('\r\n', '\n') }));
  });
}

const hasScript = spawnSync('script', ['--version']).status === 0;
const why = hasScript ? '' : ' (needs script(1), absent: skipped)';
describe.skipIf(!hasScript)(`one reply on a terminal${why}`, () => {
  it('is the same text as in a pipe, control characters shown and not obeyed', async () => {
    const args = ['generate', '-m', 'model', '-p', 'w5 \u001b[2J', '-n', '40', '--temp', '3', '-s', '2'];
    const { code, stdout } = await inTerminal(args);
    const piped = await runHere(place, args);
    expect([code, stdout]).toEqual([0, piped.stdout]);
    expect(stdout).toMatch(/^w5 \\x1b\[2J w\d+/);
    expect(stdout).toMatch(/red\\x1b\[31m|bell\\x07/);
  });

  it('C19: appears while it is made; Ctrl-C leaves what is there, ends the line, exits 130', async () => {
    const started = Date.now();
    let typedAt = 0;
    const { code, stdout } = await inTerminal(
      ['generate', '-m', 'endless', '-p', 'w5 w6', '-n', '19000', '--threads', '1'],
      (shown) => {
        if (typedAt > 0 || shown.split(' w').length < 30) return '';
        typedAt = Date.now();
        return CTRL_C;
      },
    );
    expect(typedAt).toBeGreaterThan(started);
    expect(Date.now() - typedAt).toBeLessThan(3000);
    expect(code).toBe(130);
    const [text, ...rest] = stdout.split('\n');
    expect(text).toMatch(/^w5 w6( w\d+| <unk>){28,}(\^C)?/);
    expect(rest).toEqual(['error: interrupted: nothing was left half-written', '']);
  });

  it('several replies, --json and --quiet are as in a pipe', async () => {
    for (const more of [['--replies', '3'], ['--json'], ['--quiet']]) {
      const [{ code, stdout }, piped] = await Promise.all([
        inTerminal([...BASE, ...more]),
        runHere(place, [...BASE, ...more]),
      ]);
      expect([code, stdout]).toEqual([0, piped.stdout]);
    }
  });
});

describe('several replies', () => {
  it('stand below their seeds, with a line between them, in order', async () => {
    const args = [...BASE, '-p', 'w9', '--replies', '2', '-s', '7'];
    const all = await replies(args);
    const { stdout } = await runHere(place, args);
    const prompts = ['w5 w6 w7', 'w5 w6 w7', 'w9', 'w9'];
    const shown = all.map(({ text }, r) => `seed ${7 + (r % 2)}\n${prompts[r]}${text}\n`);
    expect(stdout).toBe(shown.join('\n').replaceAll('\u001b', '\\x1b').replaceAll('\u0007', '\\x07'));
    expect((await runHere(place, [...args, '-q'])).stdout.split('\n')).toHaveLength(5);
  });

  it('C19: are printed as they end; Ctrl-C keeps those that are whole and exits 130', async () => {
    const args = ['generate', '-m', 'endless', '-p', 'w5', '-p', 'w9', '--temp', '0', '--threads', '1'];
    const [first, second] = await replies([...args, '-n', '200']);
    const words = first!.text.trim().split(' ').slice(0, 60);
    const stop = words.find((word) => !second!.text.includes(word))!;
    expect(stop).toMatch(/^w\d+$/);
    const result = await runCommand(place, [...args, '--stop', stop, '-n', '19000'], {
      during: (child) => {
        child.stdout!.on('data', () => child.kill('SIGINT'));
      },
    });
    const whole = first!.text.slice(0, first!.text.indexOf(stop));
    expect(result).toEqual({
      code: 130,
      stdout: `seed 0\nw5${whole}\n`,
      stderr: 'error: interrupted: nothing was left half-written\n',
    });
  });
});

describe('how likely a reply is', () => {
  const steered = ['--sae', 'dictionary.npz', '--steer', '1:3:+4', '--replies', '2'];
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

  it('is told with its mean and perplexity, and without the steering too where something steers', async () => {
    for (const reply of await replies([...BASE, ...steered])) {
      expect(reply.mean_log_probability).toBeCloseTo(mean(reply.log_probabilities), 10);
      expect(reply.perplexity).toBeCloseTo(Math.exp(-mean(reply.log_probabilities)), 8);
      expect(reply.unsteered_log_probabilities).toHaveLength(reply.tokens.length);
      expect(reply.unsteered_mean_log_probability).toBeCloseTo(mean(reply.unsteered_log_probabilities!), 10);
      expect(reply.unsteered_perplexity).toBeGreaterThan(1);
      expect(reply.unsteered_log_probabilities).not.toEqual(reply.log_probabilities);
    }
    for (const reply of await replies([...BASE, '--replies', '2'])) {
      expect(reply.perplexity).toBeGreaterThan(1);
      expect(reply).not.toHaveProperty('unsteered_perplexity');
    }
  });

  it('is null for a reply of no tokens', async () => {
    const [reply] = await replies([...BASE, '-n', '0', ...steered.slice(0, 4)]);
    expect(reply).toMatchObject({
      text: '',
      tokens: [],
      mean_log_probability: null,
      perplexity: null,
      unsteered_mean_log_probability: null,
      unsteered_perplexity: null,
    });
    expect((await runCommand(place, [...BASE, '-n', '0'])).stdout).toBe('w5 w6 w7\n');
  });
});
