import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snapshot } from '../../test/support/run_command.ts';
import { runCli } from './run.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/extremes/', import.meta.url));
const [first, second] = [join(fixtures, 'first'), join(fixtures, 'second')];
const COMMON = ['extremes', '--sae', first, '--explanations', join(fixtures, 'first.jsonl'), '--top', '30'];
const WITHIN = [...COMMON, '--max-density', '0.5'];
const BETWEEN = [...COMMON, '--with', second, '--spaces', 'decoder'];

let cwd: string;
let whole: Map<string, string>;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'antipode-cli-merge-'));
  await run([...WITHIN, '--out', 'whole']);
  whole = snapshot(join(cwd, 'whole'));
  for (const index of [1, 2, 3])
    await run([...WITHIN, '--shard', `${index}/3`, '--threads', String(index), '--out', 'parts']);
}, 60_000);
afterAll(() => rm(cwd, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function attempt(
  args: readonly string[],
  env: Record<string, string> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const sinkOf = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) });
  async function* stdin(): AsyncIterable<Uint8Array> {}
  const code = await runCli(args, {
    stdout: sinkOf('stdout'),
    stderr: sinkOf('stderr'),
    stdin: stdin(),
    env: { HOME: cwd, ...env },
    cwd,
    signal,
  });
  return { code, ...written };
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const ran = await attempt(args, env);
  expect([ran.code, ran.stderr.includes('error')]).toEqual([0, false]);
  return ran;
}

/** The parts in a folder of their own, to be changed. */
async function copyParts(name: string): Promise<string> {
  await cp(join(cwd, 'parts'), join(cwd, name), { recursive: true });
  return name;
}

describe('parts of a search', () => {
  it('merged, are the very bytes of the search in one piece', async () => {
    expect(await readdir(join(cwd, 'parts'))).toEqual([1, 2, 3].map((index) => `part-${index}-of-3.json`));
    await run(['merge', 'parts', '--out', 'merged']);
    expect(snapshot(join(cwd, 'merged'))).toEqual(whole);
    await run(['merge', ...[3, 1, 2].map((index) => `parts/part-${index}-of-3.json`), '--out', 'named']);
    expect(snapshot(join(cwd, 'named'))).toEqual(whole);
  });

  it('between two SAEs, as tasks of a scheduler', async () => {
    await run([...BETWEEN, '--out', 'whole-between']);
    for (const id of [0, 1]) {
      const env = {
        SLURM_ARRAY_TASK_ID: String(id),
        SLURM_ARRAY_TASK_MIN: '0',
        SLURM_ARRAY_TASK_MAX: '1',
        SLURM_ARRAY_TASK_COUNT: '2',
      };
      await run([...BETWEEN, '--shard', id === 0 ? 'auto' : 'auto/2', '--out', 'between'], env);
    }
    await run([...BETWEEN, '--shard', 'auto/2', '--out', 'between-jobs'], { JOB_COMPLETION_INDEX: '1' });
    expect(await readdir(join(cwd, 'between-jobs'))).toEqual(['part-2-of-2.json']);
    await run(['merge', 'between', '--out', 'merged-between']);
    expect(snapshot(join(cwd, 'merged-between'))).toEqual(snapshot(join(cwd, 'whole-between')));
  });

  it('some of them with rows that stay in files', async () => {
    const one = [...WITHIN, '--threads', '1', '--out', 'many'];
    const planned = await run([...one, '--shard', '1/4', '--dry-run', '--json']);
    const held = (JSON.parse(planned.stdout) as { memory_bytes: number }).memory_bytes;
    for (const index of [1, 2, 3, 4]) {
      const isFiled = index % 2 === 0;
      const memory = `${(isFiled ? held - 1 : held) / 1e6}MB`;
      const { stderr } = await run([...one, '--shard', `${index}/4`, '--memory', memory]);
      expect(stderr.includes('of rows stay in files')).toBe(isFiled);
    }
    await run(['merge', 'many', '--out', 'merged-many']);
    expect(snapshot(join(cwd, 'merged-many'))).toEqual(whole);
  });

  it('that are there already are not searched again', async () => {
    const before = await readFile(join(cwd, 'parts', 'part-2-of-3.json'), 'utf8');
    const { stderr, stdout } = await run([...WITHIN, '--shard', '2/3', '--out', 'parts']);
    expect([stdout, stderr]).toEqual([
      'parts/part-2-of-3.json\n',
      expect.stringContaining('parts/part-2-of-3.json: all its pairs are searched already.'),
    ]);
    expect(await readFile(join(cwd, 'parts', 'part-2-of-3.json'), 'utf8')).toBe(before);
  });

  it('say what they are with --json and --quiet', async () => {
    const { stdout } = await run([...WITHIN, '--shard', '1/3', '--out', 'parts', '--json']);
    expect(JSON.parse(stdout)).toEqual({ part: 'parts/part-1-of-3.json', index: 1, count: 3 });
    expect((await run([...WITHIN, '--shard', '1/3', '--out', 'parts', '--quiet'])).stdout).toBe(
      'parts/part-1-of-3.json\n',
    );
  });
});

describe('a merge is refused', () => {
  it.each<[string, (folder: string) => Promise<unknown>, number, RegExp]>([
    [
      'without a part',
      (folder) => rm(join(cwd, folder, 'part-2-of-3.json')),
      3,
      /^error: merge: part 2 of 3 is missing\nnext: antipode extremes … --shard 2\/3 --out FOLDER searches it\n$/,
    ],
    [
      'with a part twice',
      (folder) => cp(join(cwd, folder, 'part-2-of-3.json'), join(cwd, folder, 'part-02-of-3.json')),
      2,
      /part-02-of-3\.json and .*part-2-of-3\.json: are both part 2 of 3\nnext: leave one of them out/,
    ],
    [
      'with a part of another search',
      async (folder) => {
        await run([...WITHIN, '--top', '31', '--shard', '2/3', '--out', 'other-k']);
        await rename(join(cwd, 'other-k', 'part-2-of-3.json'), join(cwd, folder, 'part-2-of-3.json'));
      },
      2,
      /are parts of different searches \(k 30 and 31\)/,
    ],
    [
      'with a damaged part',
      async (folder) => {
        const path = join(cwd, folder, 'part-3-of-3.json');
        await writeFile(path, (await readFile(path, 'utf8')).replace('"caller"', '"Caller"'));
      },
      1,
      /part-3-of-3\.json: is damaged \(its content does not match its hash\)\nnext: delete it and run its command again/,
    ],
  ])('%s', async (name, change, code, message) => {
    const folder = await copyParts(name.replaceAll(' ', '-'));
    await change(folder);
    const ran = await attempt(['merge', folder, '--out', 'refused']);
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([code, '', expect.stringMatching(message)]);
    expect(await readdir(cwd)).not.toContain('refused');
  });

  it('with other weights, even of the same size', async () => {
    const ran = await attempt(['merge', 'parts', '--sae', second]);
    expect([ran.code, ran.stderr]).toEqual([
      5,
      expect.stringMatching(/(^|\n)error: .*(other weights|is not the SAE of the parts)/),
    ]);
  });

  it('where the SAE lies elsewhere now, with the option that names it', async () => {
    await cp(first, join(cwd, 'mine'), { recursive: true });
    await run(['extremes', '--sae', 'mine', '--spaces', 'decoder', '--shard', '1/1', '--out', 'moved']);
    await rename(join(cwd, 'mine'), join(cwd, 'elsewhere'));
    const refused = await attempt(['merge', 'moved']);
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([
      3,
      '',
      expect.stringMatching(
        /^error: mine: no file of this name here.*\nnext: name it with --sae where it lies elsewhere/,
      ),
    ]);
    expect((await run(['merge', 'moved', '--sae', 'elsewhere', '-q'])).stdout).toMatch(/^\d+,\d+\n/);
    expect((await attempt(['merge', 'moved', '--sae', 'nowhere'])).stderr).not.toContain('name it with');
  });

  it('of a folder without parts, and of a file that is not there', async () => {
    expect(await attempt(['merge', fixtures])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('holds no parts'),
    });
    expect(await attempt(['merge', 'nowhere.json'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('nowhere.json'),
    });
  });
});

describe('--checkpoint', () => {
  it('gives what the search gives, and is gone afterwards', async () => {
    await run([...WITHIN, '--checkpoint', 'kept/here.json', '--out', 'checkpointed']);
    expect(snapshot(join(cwd, 'checkpointed'))).toEqual(whole);
    expect(await readdir(join(cwd, 'kept'))).toEqual([]);
  });

  it('goes on where one space was done, and from all of it', async () => {
    await run([...WITHIN, '--spaces', 'encoder', '--shard', '1/1', '--out', 'single']);
    const path = join(cwd, 'single', 'part-1-of-1.json');
    const other = await attempt([...WITHIN, '--checkpoint', path]);
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining('--spaces was encoder, now encoder,decoder'),
    ]);
    const done = await run([...WITHIN, '--spaces', 'encoder', '--checkpoint', path]);
    expect(done.stderr).toContain('all its pairs are searched already');
    expect(await readdir(join(cwd, 'single'))).toEqual([]);
  });

  it('C19: an interrupt says what is kept, and the same command goes on from it', async () => {
    const controller = new AbortController();
    const path = join(cwd, 'stopped.json');
    const stopped = attempt([...WITHIN, '--checkpoint', 'stopped.json'], {}, controller.signal);
    // The encoder is saved when it is done, and the decoder takes longer than to see that.
    const timer = setInterval(() => existsSync(path) && controller.abort(), 1);
    const ran = await stopped;
    clearInterval(timer);
    expect([ran.code, ran.stderr]).toEqual([
      130,
      expect.stringContaining(
        'error: interrupted: stopped.json holds what was found\nnext: run the same command again to go on\n',
      ),
    ]);
    const again = await run([...WITHIN, '--checkpoint', 'stopped.json', '--out', 'gone-on']);
    expect(again.stderr).toContain('stopped.json: goes on from 50 %.');
    expect(snapshot(join(cwd, 'gone-on'))).toEqual(whole);
  });

  it('that is something else stays as it is', async () => {
    await writeFile(join(cwd, 'mine.json'), '{"a": 1}');
    const ran = await attempt([...WITHIN, '--checkpoint', 'mine.json']);
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: mine\.json: is not a part of a search/),
    ]);
    expect(await readFile(join(cwd, 'mine.json'), 'utf8')).toBe('{"a": 1}');
  });
});

it.each<[string, string[], RegExp]>([
  ['a part without a folder', ['--shard', '1/2'], /--shard: needs --out/],
  [
    'a part and a checkpoint',
    ['--shard', '1/2', '--out', 'x', '--checkpoint', 'y'],
    /does not go with --shard/,
  ],
  ['a part of a census', ['--shard', '1/2', '--out', 'x', '--census'], /--shard: does not go with --census/],
  ['a checkpoint of a census', ['--checkpoint', 'x', '--census'], /--checkpoint: does not go with --census/],
  [
    'a scheduler that is not there',
    ['--shard', 'auto', '--out', 'x'],
    /no scheduler tells which part this is/,
  ],
  [
    'a folder as a checkpoint',
    ['--checkpoint', '.'],
    /is a folder \(expected a file name\)\nnext: name a file there instead/,
  ],
  [
    'a bound for what knows none',
    ['--memory', '1GB', '--census', 'fast'],
    /--memory: does not go with --census, which needs all rows in memory/,
  ],
  [
    'a bound for another device',
    ['--memory', '1GB', '--device', 'auto'],
    /--memory: does not go with --device auto/,
  ],
  ['a size without a unit', ['--memory', '100'], /--memory: got "100", expected a size such as 1\.5GB/],
])('%s is refused', async (_, words, message) => {
  const ran = await attempt([...WITHIN, ...words]);
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(await readdir(cwd)).not.toContain('x');
});

it('less memory than the search takes is one sentence; a dry run says how much it is', async () => {
  const ran = await attempt([...WITHIN, '--memory', '10MB']);
  expect([ran.code, ran.stderr]).toEqual([
    1,
    expect.stringMatching(
      /^error: memory: the search takes up to \d+ MB with the rows in their file, there are 10 MB\n/,
    ),
  ]);
  const { stdout } = await run([...WITHIN, '--dry-run', '--shard', '2/3', '--out', 'x']);
  expect(stdout).toMatch(/take up to \d+ MB of memory/);
  expect(stdout).toMatch(/\(part 2 of 3\)/);
});
