/** @file The numbered expectations of a command line (rows C1 to C20; C7 to C9 in cli_errors.test.ts), each tried on the built command as a user would. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandFactories } from '../../src/cli/commands.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { createProgram } from '../../src/cli/program.ts';
import { CONCEPTS, GEOMETRY, makePairsPlace, PAIRS } from '../support/pairs_place.ts';
import {
  environment,
  FIXTURE_SAE,
  MAIN,
  makePlace,
  type Place,
  runCommand,
  runHere,
  runShell,
  snapshot,
} from '../support/run_command.ts';

let place: Place;
beforeAll(() => {
  place = makePairsPlace();
});
afterAll(() => place.remove());

/** Every command that does something, as its words. */
function leafCommands(): { words: string[]; command: Command }[] {
  const program = createProgram({} as CliContext, '0', commandFactories);
  const walk = (command: Command, words: string[]): { words: string[]; command: Command }[] =>
    command.commands.length === 0
      ? [{ words, command }]
      : command.commands.flatMap((child) => walk(child, [...words, child.name()]));
  return walk(program, []);
}

const leaves = leafCommands();

describe('C1: help', () => {
  it.each(leaves.map(({ words, command }) => [words.join(' '), words, command] as const))(
    '%s: purpose, two examples first, every option described',
    async (_, words, command) => {
      const { code, stdout, stderr } = await runHere(place, [...words, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      const [purpose, blank, examples, first, second] = stdout.split('\n');
      expect(purpose).toMatch(/^[A-Z].*\.$/);
      expect([blank, examples]).toEqual(['', 'Examples:']);
      for (const example of [first, second])
        expect(example).toMatch(new RegExp(`^  \\$ .*antipode ${words.join(' ')}`));
      for (const option of command.options) expect(option.description, option.flags).not.toBe('');
      const options: readonly string[] = stdout.match(/^ {2}(-\S, )?--\S+/gm) ?? [];
      expect(options.filter((option, i) => options.indexOf(option) !== i)).toEqual([]);
      // Of a command between this one and the program, which this one does not take.
      if (words[0] === 'steer' && words.length > 1) expect(stdout).not.toMatch(/^ {2}--arm </m);
    },
  );

  it('lists every group, and a bare group shows its help', async () => {
    const { stdout } = await runCommand(place, ['--help']);
    for (const group of new Set(leaves.map(({ words }) => words[0]!))) expect(stdout).toContain(`  ${group}`);
    const bare = await runHere(place, ['concepts']);
    expect(bare.code).toBe(2);
    expect(bare.stderr + bare.stdout).toContain('antipode concepts show');
  });

  it('loads no engine, no parser and no data: start-up stays in the milliseconds', () => {
    const coverage = mkdtempSync(join(place.cwd, 'coverage-'));
    spawnSync(process.execPath, [MAIN, 'geometry', '--help'], {
      env: { ...environment(place), NODE_V8_COVERAGE: coverage },
    });
    const loaded = readdirSync(coverage).flatMap((file) => {
      const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as {
        result: { url: string }[];
      };
      return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
    });
    expect(loaded.some((url) => url.endsWith('cli/main.js'))).toBe(true);
    expect(
      loaded.filter((url) =>
        /onnxruntime|hyparquet|\/zod\/|\/yaml\/|yauzl|search_pairs|registry|dist\/(onnx\/(?!device)|lm\/graph|isolation)/.test(
          url,
        ),
      ),
    ).toEqual([]);
  });
});

describe('C2: versions', () => {
  it('--version stands alone on stdout', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await runCommand(place, ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each(['doctor', 'env'])(
    '%s prints versions, cache folders and the state of the engine',
    async (name) => {
      const { code, stdout } = await runCommand(place, [name, '--json']);
      const findings = JSON.parse(stdout) as { name: string; value: string; ok: boolean }[];
      expect(code).toBe(0);
      expect(findings.map((finding) => finding.name)).toEqual(
        expect.arrayContaining(['antipode', 'node', 'cache', 'onnxruntime']),
      );
      expect(findings.find((finding) => finding.name === 'onnxruntime')?.value).toMatch(/runs$/);
      expect(findings.find((finding) => finding.name === 'cache')?.value).toBe(
        join(place.home, '.cache', 'antipode'),
      );
      expect(findings.find((finding) => finding.name === 'embedded default')).toEqual({
        name: 'embedded default',
        value: 'model organism, SAEs organism/1-res-2k, organism/2-res-2k',
        ok: true,
      });
    },
  );
});

describe('C3: --json', () => {
  it.each([
    [...GEOMETRY, '--json'],
    [...GEOMETRY, '--json', '--dry-run'],
    ['sae', 'inspect', FIXTURE_SAE, '--json'],
    ['concepts', 'list', '--json'],
    ['concepts', 'show', 'article-20', '--json'],
    ['concepts', 'check', 'pairs.yaml', '--json'],
    ['concepts', 'discover', '--json'],
    ['cache', 'ls', '--json'],
    ['doctor', '--json'],
  ])('%s %s %s %s …: exactly one document', async (...args) => {
    const { code, stdout } = await runHere(
      place,
      args.filter((word) => word !== undefined),
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toBeDefined();
    expect(stdout.trimEnd()).not.toContain('\n');
  });

  it('stays one document where a check fails behind it: the exit code tells', async () => {
    const env = { XDG_CACHE_HOME: join(place.cwd, 'pairs.yaml') };
    const { code, stdout, stderr } = await runHere(place, ['doctor', '--json'], { env });
    const findings = JSON.parse(stdout) as { name: string; ok: boolean }[];
    expect(findings.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['cache']);
    expect([code, stderr]).toEqual([5, expect.stringContaining('error: not in order: cache')]);
  });

  it.skipIf(!existsSync('/proc/self'))(
    'a cache that rights allow and nothing can be written to is not in order, root or not (needs /proc)',
    async () => {
      const { code, stdout } = await runHere(place, ['doctor', '--json'], {
        env: { XDG_CACHE_HOME: '/proc/x' },
      });
      const findings = JSON.parse(stdout) as { name: string; ok: boolean }[];
      expect([code, findings.find(({ name }) => name === 'cache')?.ok]).toEqual([5, false]);
    },
  );

  it('an empty list is []', async () => {
    expect((await runHere(place, ['cache', 'ls', '--json'])).stdout).toBe('[]\n');
  });

  it('a group without a command is a document too', async () => {
    const { code, stdout } = await runHere(place, ['sae', '--json']);
    expect([code, JSON.parse(stdout)]).toEqual([
      2,
      { error: { kind: 'usage', message: 'no command is given' } },
    ]);
  });

  it('a failure is one document as well, and says the same as stderr', async () => {
    const { code, stdout, stderr } = await runCommand(place, ['sae', 'inspect', 'absent.npz', '--json']);
    const { error } = JSON.parse(stdout) as { error: { kind: string; message: string } };
    expect(code).toBe(3);
    expect(error.kind).toBe('missing');
    expect(stderr).toContain(error.message);
  });

  it('warnings do not touch stdout', async () => {
    const { stdout, stderr } = await runHere(place, [
      'geometry',
      '--sae',
      `gemma-2-2b/20-gemmascope-res-16k=${FIXTURE_SAE}`,
      '--concepts',
      'pairs.yaml',
      '--only',
      'pairs',
      '--json',
    ]);
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    expect(stderr).toContain('Nothing was written');
  });
});

describe('C4: --quiet and the last line', () => {
  it('quiet prints the path alone; the last line of human output is the path', async () => {
    const quiet = await runCommand(place, [...PAIRS, '--out', 'run-c4', '-q']);
    expect([quiet.code, quiet.stdout, quiet.stderr]).toEqual([0, 'run-c4\n', '']);
    const human = await runHere(place, [...PAIRS, '--out', 'run-c4']);
    expect(human.stdout.trimEnd().split('\n').at(-1)).toBe('run-c4');
  });

  it('--json and --quiet exclude each other, before anything is done', async () => {
    const entry = join(place.home, '.cache', 'antipode', 'synthetic', 'y');
    mkdirSync(entry, { recursive: true });
    writeFileSync(join(entry, 'params.npz'), 'x');
    const { code, stderr } = await runHere(place, ['cache', 'rm', 'synthetic/y', '--json', '-q']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
    expect(snapshot(entry).size).toBe(1);
    await runHere(place, ['cache', 'rm', 'synthetic/y']);
  });
});

describe('C5, C6: streams and colour', () => {
  it('stdout is the same with stderr thrown away, and holds no escape codes in a pipe', async () => {
    const { stdout } = await runShell(place, `antipode ${PAIRS.join(' ')} 2>/dev/null`);
    expect(stdout).toContain('Cosine similarity');
    expect(stdout).not.toContain('\u001b');
  });

  const hasScript = spawnSync('script', ['--version']).status === 0;
  const why = hasScript ? '' : ' (needs script(1), absent: skipped)';
  describe.skipIf(!hasScript)(`on a terminal${why}`, () => {
    const inTerminal = (args: string, env: Record<string, string>) =>
      runShell(place, `script -qec '"${process.execPath}" "${MAIN}" ${args}' /dev/null`, {
        TERM: 'xterm',
        ...env,
      });

    it.each([
      ['colours by default', '', {}, true],
      ['NO_COLOR', '', { NO_COLOR: '1' }, false],
      ['TERM=dumb', '', { TERM: 'dumb' }, false],
      ['--no-color', '--no-color', {}, false],
      ['FORCE_COLOR wins over NO_COLOR', '', { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    ])('%s', async (_, flag, env, coloured) => {
      const { stdout } = await inTerminal(`${flag} concepts list`, env);
      expect(stdout.includes('\u001b[1m')).toBe(coloured);
    });
  });

  it('FORCE_COLOR colours a pipe', async () => {
    expect((await runHere(place, ['concepts', 'list'], { env: { FORCE_COLOR: '1' } })).stdout).toContain(
      '\u001b[1m',
    );
  });
});

describe('C13: where files go', () => {
  it('only into --out; the cache is empty afterwards and the home untouched', async () => {
    const own = makePlace();
    writeFileSync(join(own.cwd, 'pairs.yaml'), CONCEPTS);
    await runCommand(own, [...GEOMETRY, '--out', 'run']);
    await runHere(own, ['doctor']);
    await runHere(own, ['sae', 'list', 'gemma']);
    expect([...snapshot(own.home).keys()]).toEqual([]);
    expect([...snapshot(own.cwd).keys()].filter((path) => !path.startsWith('run/'))).toEqual(['pairs.yaml']);
    own.remove();
  });

  it('cache ls and rm know what is there; rm reaches nothing else', async () => {
    const entry = join(place.home, '.cache', 'antipode', 'synthetic', 'x');
    mkdirSync(entry, { recursive: true });
    writeFileSync(join(entry, 'params.npz'), 'x'.repeat(10));
    const list = JSON.parse((await runHere(place, ['cache', 'ls', '--json'])).stdout) as unknown[];
    expect(list).toEqual([{ id: 'synthetic/x', path: entry, files: 1, bytes: 10, cache: 'antipode' }]);
    expect((await runHere(place, ['cache', 'rm', '../../..'])).code).toBe(3);
    expect((await runHere(place, ['cache', 'rm', '--dry-run', 'synthetic/x', '-q'])).stdout).toBe(
      'synthetic/x\n',
    );
    expect((await runHere(place, ['cache', 'rm', 'synthetic/x'])).stdout).toContain('removed synthetic/x');
    expect((await runHere(place, ['cache', 'ls', '-q'])).stdout).toBe('');
  });
});

describe('several SAEs', () => {
  it('share tables and are told apart by distinct labels', async () => {
    const args = [
      'geometry',
      '--sae',
      FIXTURE_SAE,
      '--sae',
      FIXTURE_SAE,
      '--concepts',
      'pairs.yaml',
      '--only',
      'pairs',
      '--json',
    ];
    const { saes, tables } = JSON.parse((await runHere(place, args)).stdout) as {
      saes: { label: string }[];
      tables: { pairs: { sae: string; cos: number }[] };
    };
    expect(saes.map(({ label }) => label)).toEqual(['geometry', 'geometry (2)']);
    const of = (label: string) => tables.pairs.filter(({ sae }) => sae === label).map(({ cos }) => cos);
    expect(of('geometry').length).toBeGreaterThan(0);
    expect(of('geometry (2)')).toEqual(of('geometry'));
  });

  it.each([
    [
      'more concept sets than SAEs',
      ['--concepts', 'pairs.yaml', '--concepts', 'pairs.yaml'],
      'given 2 times for 1 --sae',
    ],
    ['stdin twice', ['--concepts', '-', '--explanations', '-'], 'stdin can be read once'],
  ])('%s', async (_, more, sentence) => {
    const { code, stderr } = await runHere(place, ['geometry', '--sae', FIXTURE_SAE, ...more]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

describe('C14: seeds', () => {
  it('geometry twice with one seed leaves identical bytes, whatever the folder and the number of threads', async () => {
    await runCommand(place, [...GEOMETRY, '--seed', '7', '--out', 'a', '--threads', '1']);
    await runHere(place, [...GEOMETRY, '--seed', '7', '--out', 'b', '--threads', '2']);
    await runHere(place, [...GEOMETRY, '--seed', '8', '--out', 'c']);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => snapshot(join(place.cwd, name)));
    expect(a!.size).toBeGreaterThan(20);
    expect(b).toEqual(a);
    expect(c!.get('tables/random_pairs.csv')).not.toBe(a!.get('tables/random_pairs.csv'));
    expect(c!.get('tables/pairs.csv')).toBe(a!.get('tables/pairs.csv'));
  });

  it('the seed is printed and stored', async () => {
    const { stdout } = await runHere(place, [...GEOMETRY, '--seed', '7', '--out', 'a']);
    expect(stdout).toContain('seed 7');
    const manifest = JSON.parse(readFileSync(join(place.cwd, 'a', 'manifest.json'), 'utf8')) as {
      seed: number;
    };
    expect(manifest.seed).toBe(7);
  });
});

describe('C15: --dry-run', () => {
  it('says what is read, missing, searched and asked, and does nothing', async () => {
    const own = makePlace();
    const args = [
      'geometry',
      '--sae',
      'synthetic-16k',
      '--sae',
      'gemma-2-2b/10-gemmascope-res-16k',
      '--concepts',
      'article-10',
    ];
    const { code, stdout } = await runHere(own, [...args, '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      saes: [
        { sae: 'synthetic-16k', state: 'to be made', bytes: expect.any(Number), all_pairs: 134209536 },
        {
          state: 'missing',
          problem: expect.stringContaining('gemma-scope-2b-pt-res'),
          next: expect.stringContaining('hf download'),
        },
      ],
      concepts: [{ id: 'article-10', pairs: 134 }],
      pairs_searched: 536838144,
      llm_calls: 0,
    });
    expect(snapshot(own.home).size + snapshot(own.cwd).size).toBe(0);
    own.remove();
  });
});

describe('C19: Ctrl-C', () => {
  it('stops within a second while the dictionary is made, exits with 130 and leaves no file', async () => {
    const own = makePlace();
    let interrupted = 0;
    const result = await runCommand(
      own,
      ['geometry', '--sae', 'synthetic-16k', '--concepts', 'article-10', '--out', 'run'],
      {
        during: (child) =>
          setTimeout(() => {
            interrupted = performance.now();
            child.kill('SIGINT');
          }, 1200),
      },
    );
    expect(result.code).toBe(130);
    // Within a second on a machine of its own; other test files run beside this one.
    expect(performance.now() - interrupted).toBeLessThan(2500);
    expect(result.stderr).toContain('interrupted');
    expect([...snapshot(own.home).keys(), ...snapshot(own.cwd).keys()]).toEqual([]);
    own.remove();
  });
});

/** Once the process has a handler of its own for the signal, as Linux tells; half a second and more elsewhere. */
async function hears(pid: number, signal: 'SIGHUP'): Promise<void> {
  const bit = 1n << BigInt(constants.signals[signal] - 1);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, existsSync('/proc/self/status') ? 20 : 700));
    const status = existsSync('/proc/self/status') ? readFileSync(`/proc/${pid}/status`, 'utf8') : undefined;
    if (status === undefined) return;
    if ((BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)![1]}`) & bit) !== 0n) return;
  }
}

describe('C19: a command that waits', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'for stdin which never comes ends on %s with 130 and a sentence all the same',
    async (signal) => {
      const child = spawn(process.execPath, [MAIN, 'concepts', 'check', '-', '--json'], {
        env: environment(place),
        stdio: 'pipe',
      });
      const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => text(stream));
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      await hears(child.pid!, 'SIGHUP');
      child.kill(signal);
      expect(await ended).toBe(130);
      expect(await stderr).toBe('error: interrupted: nothing was left half-written\n');
      expect(JSON.parse((await stdout)!)).toMatchObject({ error: { kind: 'interrupted' } });
      child.stdin.destroy();
    },
  );
});

describe('C20: pipes', () => {
  it('a reader that leaves early is no error', async () => {
    const { code, stdout, stderr } = await runShell(place, `antipode ${PAIRS.join(' ')} | head -n 1`);
    expect([code, stdout.trim(), stderr.replace(/^Nothing was written.*\n/m, '')]).toEqual([
      0,
      'geometry',
      '',
    ]);
  });

  it('- reads concepts from stdin', async () => {
    const args = ['geometry', '--sae', FIXTURE_SAE, '--concepts', '-', '--only', 'pairs', '--json'];
    const { stdout } = await runCommand(place, args, { stdin: CONCEPTS });
    expect(JSON.parse(stdout)).toMatchObject({ saes: [{ concepts: { id: 'stdin', pairs: 8 } }] });
  });
});
