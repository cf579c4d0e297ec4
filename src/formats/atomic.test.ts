import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AntipodeError, type ErrorKind } from '../errors.ts';
import {
  checkOutputDirectory,
  checkOutputFile,
  ensureFolder,
  type FolderKind,
  writeDirectoryAtomic,
  writeFileAtomic,
} from './atomic.ts';
import { temporaryName } from './temporaries.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-atomic-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A kind of folder that vouches for the files its manifest lists. */
const RUN: FolderKind = {
  schema: 'run',
  filesOf: ({ files }) => (files as string[]).map((file) => ({ file })),
};
const MANIFEST = JSON.stringify({ tool: 'antipode', schema: 'run', files: ['a.txt', 'b.txt'] });

async function failure(work: Promise<unknown>): Promise<{ kind: ErrorKind; message: string }> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof AntipodeError)) throw new Error(`expected an AntipodeError, got ${String(error)}`);
  return { kind: error.kind, message: error.message };
}

const textAt = (...parts: string[]): Promise<string> => readFile(join(dir, ...parts), 'utf8');

describe('writeFileAtomic', () => {
  test('writes text, bytes and pieces, makes parent folders, leaves nothing beside the file', async () => {
    await writeFileAtomic(join(dir, 'a/b/text.txt'), 'é');
    await writeFileAtomic(join(dir, 'a/b/bytes'), new Uint8Array([65, 66]));
    const pieces = async function* (): AsyncIterable<Uint8Array> {
      for (const c of 'xyz') yield new TextEncoder().encode(c);
    };
    await writeFileAtomic(join(dir, 'a/b/pieces'), pieces());
    expect(await textAt('a/b/text.txt')).toBe('é');
    expect(await textAt('a/b/bytes')).toBe('AB');
    expect(await textAt('a/b/pieces')).toBe('xyz');
    expect((await readdir(join(dir, 'a/b'))).sort()).toEqual(['bytes', 'pieces', 'text.txt']);
  });

  test('content that fails half-way leaves the old file and nothing else, and its error passes through', async () => {
    await writeFile(join(dir, 'f'), 'old');
    const broken = async function* (): AsyncIterable<Uint8Array> {
      yield new Uint8Array(100_000);
      expect((await readdir(dir)).length).toBe(2);
      throw new Error('the source broke');
    };
    await expect(writeFileAtomic(join(dir, 'f'), broken())).rejects.toThrow('the source broke');
    expect(await textAt('f')).toBe('old');
    expect(await readdir(dir)).toEqual(['f']);
  });

  test('an interrupt between pieces leaves nothing', async () => {
    const controller = new AbortController();
    const pieces = function* (): Iterable<Uint8Array> {
      yield new Uint8Array(10);
      controller.abort();
      yield new Uint8Array(10);
    };
    const { kind } = await failure(writeFileAtomic(join(dir, 'f'), pieces(), { signal: controller.signal }));
    expect(kind).toBe('interrupted');
    expect(await readdir(dir)).toEqual([]);
  });

  test('keeps the permissions of the file it replaces and follows a link to it', async () => {
    await writeFile(join(dir, 'f'), 'old');
    await chmod(join(dir, 'f'), 0o600);
    await symlink('f', join(dir, 'link'));
    await writeFileAtomic(join(dir, 'link'), 'new');
    expect(await textAt('f')).toBe('new');
    expect((await stat(join(dir, 'f'))).mode & 0o777).toBe(0o600);
    expect((await readdir(dir)).sort()).toEqual(['f', 'link']);
  });

  test('a folder, a device, a file in the middle of the path and a too long name are sentences', async () => {
    await writeFile(join(dir, 'file'), '');
    const to = (path: string): Promise<{ kind: ErrorKind; message: string }> =>
      failure(writeFileAtomic(path, 'x'));
    expect(await to(dir)).toMatchObject({ kind: 'usage', message: expect.stringContaining('is a folder') });
    expect(await to('/dev/null')).toMatchObject({
      kind: 'usage',
      message: '/dev/null: is a device or a pipe (expected a file name)',
    });
    expect(await to(join(dir, 'file/x'))).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('a part of this path is a file'),
    });
    expect(await to(join(dir, 'x'.repeat(300)))).toMatchObject({ kind: 'usage' });
  });

  test('without the right to write: a sentence of kind resource', async () => {
    await chmod(dir, 0o555);
    await asOrdinaryUser(async () => {
      expect(await failure(writeFileAtomic(join(dir, 'f'), 'x'))).toMatchObject({
        kind: 'resource',
        message: expect.stringContaining('no permission to write there'),
      });
    });
    expect(await readdir(dir)).toEqual([]);
  });
});

/** Root may write anywhere: there, the work runs under the rights of `nobody`. */
async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('writeDirectoryAtomic', () => {
  const fillWith =
    (text: string) =>
    async (folder: string): Promise<void> => {
      await writeFile(join(folder, 'manifest.json'), MANIFEST);
      await writeFile(join(folder, 'a.txt'), text);
    };

  test('makes the folder, and its parents, only once it is whole', async () => {
    await writeDirectoryAtomic(join(dir, 'p/run'), RUN, async (folder) => {
      expect(await readdir(join(dir, 'p'))).toHaveLength(1);
      await fillWith('1')(folder);
      await expect(stat(join(dir, 'p/run'))).rejects.toThrow('ENOENT');
    });
    expect(await textAt('p/run/a.txt')).toBe('1');
    expect(await readdir(join(dir, 'p'))).toEqual(['run']);
  });

  test('replaces an empty folder and one whose files its manifest lists', async () => {
    const run = join(dir, 'run');
    await mkdir(run);
    await writeDirectoryAtomic(run, RUN, fillWith('1'));
    await writeDirectoryAtomic(run, RUN, fillWith('2'));
    expect((await readdir(run)).sort()).toEqual(['a.txt', 'manifest.json']);
    expect(await textAt('run/a.txt')).toBe('2');
    expect(await readdir(dir)).toEqual(['run']);
  });

  test.each([
    ['no manifest', undefined],
    ['our manifest and a file that it does not list', MANIFEST],
    [
      'a manifest of another kind of folder',
      '{"tool":"antipode","schema":"features","files":["precious.txt"]}',
    ],
    ['another tool’s manifest', '{"tool":"other"}'],
    ['a manifest that is not JSON', '{'],
    ['a manifest that is null', 'null'],
  ])('refuses a folder with %s, before any work, and leaves it alone', async (_, manifest) => {
    const run = join(dir, 'run');
    await mkdir(run);
    await writeFile(join(run, 'precious.txt'), 'mine');
    if (manifest !== undefined) await writeFile(join(run, 'manifest.json'), manifest);
    let isFilled = false;
    const work = writeDirectoryAtomic(run, RUN, async () => {
      isFilled = true;
    });
    expect(await failure(work)).toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(
        /holds (manifest.json|precious.txt), which antipode did not write there/,
      ),
    });
    expect(isFilled).toBe(false);
    expect(await textAt('run/precious.txt')).toBe('mine');
    expect(await readdir(dir)).toEqual(['run']);
  });

  test('refuses a file, and the current folder or one above it', async () => {
    await writeFile(join(dir, 'file'), '');
    expect((await failure(checkOutputDirectory(join(dir, 'file'), RUN))).message).toContain('is a file');
    expect((await failure(checkOutputDirectory('.', RUN))).message).toContain(
      'is the current folder or above it',
    );
    expect((await failure(checkOutputDirectory('/', RUN))).message).toContain(
      'is the current folder or above it',
    );
  });

  test('a folder that got other files while the work ran is not replaced', async () => {
    const run = join(dir, 'run');
    const work = writeDirectoryAtomic(run, RUN, async (folder) => {
      await fillWith('1')(folder);
      await mkdir(run);
      await writeFile(join(run, 'precious.txt'), 'mine');
    });
    expect((await failure(work)).kind).toBe('usage');
    expect(await readdir(run)).toEqual(['precious.txt']);
    expect(await readdir(dir)).toEqual(['run']);
  });

  test('a failure or an interrupt leaves the old run and nothing else', async () => {
    const run = join(dir, 'run');
    await writeDirectoryAtomic(run, RUN, fillWith('old'));
    const broken = writeDirectoryAtomic(run, RUN, async (folder) => {
      await fillWith('new')(folder);
      throw new Error('broke');
    });
    await expect(broken).rejects.toThrow('broke');
    const controller = new AbortController();
    const stopped = writeDirectoryAtomic(
      run,
      RUN,
      async (folder) => {
        await fillWith('new')(folder);
        controller.abort();
      },
      { signal: controller.signal },
    );
    expect((await failure(stopped)).kind).toBe('interrupted');
    expect(await textAt('run/a.txt')).toBe('old');
    expect(await readdir(dir)).toEqual(['run']);
  });

  test.skipIf(process.platform !== 'linux')('a full disk (here /dev/full) is a sentence', async () => {
    const work = writeDirectoryAtomic(join(dir, 'run'), RUN, () => writeFile('/dev/full', 'x'));
    expect(await failure(work)).toMatchObject({
      kind: 'resource',
      message: expect.stringContaining('the disk is full'),
    });
    expect(await readdir(dir)).toEqual([]);
  });

  test('many writers at once: one of them wins, whole', async () => {
    const run = join(dir, 'run');
    await writeDirectoryAtomic(run, RUN, fillWith('start'));
    const writers = Array.from({ length: 12 }, (_, i) =>
      writeDirectoryAtomic(run, RUN, async (folder) => {
        await fillWith(String(i))(folder);
        await writeFile(join(folder, 'b.txt'), String(i));
      }),
    );
    await Promise.all(writers);
    expect(await textAt('run/a.txt')).toBe(await textAt('run/b.txt'));
    expect(await readdir(dir)).toEqual(['run']);
  });
});

describe('checks before long work', () => {
  test('find what the writing would: a file in the way, a folder, no rights; and leave nothing', async () => {
    await writeFile(join(dir, 'file'), '');
    await checkOutputFile(join(dir, 'a/b/c.csv'));
    await checkOutputDirectory(join(dir, 'a/b/run'), RUN);
    await checkOutputFile(join(dir, 'file'));
    expect((await failure(checkOutputFile(dir))).message).toContain('is a folder (expected a file name)');
    for (const check of [checkOutputFile, (path: string) => checkOutputDirectory(path, RUN)]) {
      expect(await failure(check(join(dir, 'file/x')))).toMatchObject({
        kind: 'usage',
        message: expect.stringContaining('a part of this path is a file'),
      });
    }
    await chmod(dir, 0o555);
    await asOrdinaryUser(async () => {
      for (const check of [checkOutputFile, (path: string) => checkOutputDirectory(path, RUN)]) {
        expect(await failure(check(join(dir, 'p/x')))).toMatchObject({
          kind: 'resource',
          message: expect.stringContaining('no permission to write there'),
        });
      }
    });
    expect(await readdir(dir)).toEqual(['file']);
  });

  test.skipIf(process.platform !== 'linux')('/proc, which takes no folders, is a sentence', async () => {
    const sentence = { kind: 'resource', message: expect.stringContaining('nothing can be made there') };
    // Without root's rights, /proc says that before anything else is tried.
    const expected = process.geteuid?.() === 0 ? sentence : { kind: 'resource' };
    for (const work of [
      () => ensureFolder('/proc/antipode-x'),
      () => ensureFolder('/proc/antipode-x/y'),
      () => writeFileAtomic('/proc/antipode-x/file', 'x'),
      () => writeDirectoryAtomic('/proc/antipode-x/y', RUN, async () => {}),
      () => checkOutputFile('/proc/antipode-x'),
      () => checkOutputDirectory('/proc/antipode-x/y', RUN),
    ])
      expect(await failure(work())).toMatchObject(expected);
  });

  test('many makers of one folder at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => ensureFolder(join(dir, 'a/b/c/d'))));
    expect((await stat(join(dir, 'a/b/c/d'))).isDirectory()).toBe(true);
  });
});

describe('temporaries of processes that died', () => {
  /** The name that a process which has ended would have used. */
  async function deadName(): Promise<string> {
    const script = join(dir, 'end.mjs');
    await writeFile(script, '');
    const child = fork(script);
    await new Promise((resolve) => child.on('exit', resolve));
    await rm(script);
    return temporaryName().replace(`-${process.pid}-`, `-${child.pid}-`);
  }

  const age = (path: string): Promise<void> => {
    const twoHoursAgo = Date.now() / 1000 - 7200;
    return utimes(path, twoHoursAgo, twoHoursAgo);
  };

  test('are removed by the next writer; living, foreign, young and unrelated ones stay', async () => {
    const dead = join(dir, await deadName());
    await mkdir(dead);
    await writeFile(join(dead, 'x'), '');
    const young = (await deadName()).replace(/[0-9a-f]{12}/, '0'.repeat(12));
    const living = temporaryName();
    const foreign = (await deadName()).replace(/^\.antipode-[0-9a-f]{8}/, '.antipode-00000000');
    const unrelated = '.antipode-notes.tmp';
    for (const name of [young, living, foreign, unrelated]) await writeFile(join(dir, name), '');
    for (const name of [living, foreign, unrelated]) await age(join(dir, name));
    await age(dead);
    await writeFileAtomic(join(dir, 'f'), 'x');
    expect((await readdir(dir)).sort()).toEqual([foreign, living, unrelated, young, 'f'].sort());
  });

  const built = new URL('../../dist/formats/atomic.js', import.meta.url);
  const title = 'process.exit in the middle of a write leaves nothing, as after a second Ctrl-C';
  test.skipIf(!existsSync(built))(`${title} (needs dist: npm run build)`, async () => {
    const script = join(dir, 'exit.mjs');
    await writeFile(
      script,
      `import { writeFileAtomic } from ${JSON.stringify(built.href)};
       async function* pieces() { yield new Uint8Array(10); process.exit(130); }
       await writeFileAtomic(process.argv[2], pieces());`,
    );
    const child = fork(script, [join(dir, 'f')]);
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(code).toBe(130);
    expect(await readdir(dir)).toEqual(['exit.mjs']);
  });
});
