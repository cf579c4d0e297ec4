/** @file The process that a command runs its model in: killed, interrupted, in the way of nothing. With real signals, as from a terminal or the system. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFull } from '../support/effort.ts';
import { childrenOf, isAlive, LISTS_PROCESSES, untilGone } from '../support/processes.ts';
import { type CommandResult, environment, MAIN, makePlace, type Place } from '../support/run_command.ts';
import { writeWordTokenizer } from '../support/word_tokenizer.ts';
import { writeZeroLlama } from '../support/zero_llama.ts';

let place: Place;
let model: string;

beforeAll(async () => {
  place = makePlace();
  model = join(place.cwd, 'model');
  await cp(fileURLToPath(new URL('../fixtures/lm/llama', import.meta.url)), model, { recursive: true });
  const path = join(model, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as { vocab_size: number };
  await writeFile(path, JSON.stringify({ ...config, max_position_embeddings: 200_000 }));
  await writeWordTokenizer(model, config.vocab_size);
  const large = join(place.cwd, 'large');
  await writeZeroLlama(large, 32);
  await writeWordTokenizer(large, config.vocab_size);
});
afterAll(() => place.remove());

interface Running {
  readonly command: ChildProcess;
  readonly ended: Promise<CommandResult>;
  /** Of the model, once it runs. */
  readonly model: Promise<number>;
}

let caches = 0;

/** In a process group of its own, as a shell does it. */
function start(words: readonly string[], stdin = ''): Running {
  const command = spawn(process.execPath, [MAIN, 'generate', ...words], {
    cwd: place.cwd,
    // A cache of its own, so that none goes on with what another has quantised.
    env: environment(place, { XDG_CACHE_HOME: join(place.home, `cache-${caches++}`) }),
    detached: true,
  });
  let [stdout, stderr] = ['', ''];
  command.stdout.on('data', (data) => {
    stdout += String(data);
  });
  command.stderr.on('data', (data) => {
    stderr += String(data);
  });
  command.stdin.end(stdin);
  const ended = new Promise<CommandResult>((resolve) => {
    command.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { command, ended, model: childOf(command.pid!) };
}

async function childOf(pid: number): Promise<number> {
  while (isAlive(pid)) {
    const [child] = childrenOf(pid);
    if (child !== undefined) return child;
    await sleep(10);
  }
  throw new Error('the command ended without a process for its model');
}

/** The first forward takes most of a minute. */
const LONG_PROMPT = 'w5 w6 w7 w8 '.repeat(15_000);
const LONG = ['-m', 'model', '-p', '-', '-n', '3', '--threads', '1'] as const;
const MANY = ['-m', 'model', '-p', 'w5 w6', '-n', '2000', '--replies', '64', '--threads', '1'] as const;
/** Takes half a minute to quantise. */
const LARGE = ['-m', 'large', '-p', 'w5', '--precision', 'q8'] as const;

describe.skipIf(!LISTS_PROCESSES)('a command and the process of its model (needs /proc)', () => {
  const cases = [
    ['while the model is opened', LARGE, ''],
    ['in the middle of a long forward', LONG, LONG_PROMPT],
    ['between tokens', MANY, ''],
  ] as const;

  describe.each(cases)('%s', (_, words, stdin) => {
    it.each([
      ['SIGINT to all processes of the terminal', 'SIGINT', true],
      ['SIGINT to the command', 'SIGINT', false],
      ['SIGTERM to all', 'SIGTERM', true],
    ] as const)('%s ends both at once with code 130', async (_name, signal, isGroup) => {
      const { command, ended, model: started } = start(words, stdin);
      const pid = await started;
      await sleep(400);
      process.kill(isGroup ? -command.pid! : command.pid!, signal);
      const { code, stderr } = await ended;
      // Without the sentence, it was the command's patience that ended, 900 ms later.
      expect([code, stderr]).toEqual([130, 'error: interrupted: nothing was left half-written\n']);
      await untilGone(pid);
    });

    it('a kill of the model is a sentence and code 1', async () => {
      const { ended, model: started } = start(words, stdin);
      const pid = await started;
      await sleep(400);
      process.kill(pid, 'SIGKILL');
      const { code, stderr } = await ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /error: \w+: the process of the model was killed \(SIGKILL, as by a system that runs out of memory\)\nnext: if memory ran out: .+\n$/,
      );
    });

    it('a kill of the command leaves no process', async () => {
      const { command, ended, model: started } = start(words, stdin);
      const pid = await started;
      await sleep(400);
      command.kill('SIGKILL');
      await ended;
      await untilGone(pid);
    });
  });

  it('Ctrl-C at any moment of the start ends both', async () => {
    for (const wait of isFull ? [30, 90, 150, 210, 270, 330, 390] : [30, 150, 270, 390]) {
      const { command, ended, model: started } = start(MANY);
      const pid = started.catch(() => undefined);
      await sleep(wait);
      process.kill(-command.pid!, 'SIGINT');
      const { code, stderr } = await ended;
      // In its first moments Node itself is not there to be asked.
      expect([130, null]).toContain(code);
      if (code === 130) expect(stderr).toBe('error: interrupted: nothing was left half-written\n');
      const child = await pid;
      if (child !== undefined) await untilGone(child);
    }
  });
});
