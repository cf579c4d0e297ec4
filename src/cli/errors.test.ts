import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AntipodeError, type ErrorKind, systemErrorCode, throwIfInterrupted } from '../errors.ts';
import { describeError, EXIT_CODES } from './errors.ts';
import { createOutput, type Style } from './output.ts';

const plain: Style = createOutput({ stdout: { write() {} }, stderr: { write() {} }, env: {} }).errorStyle;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-errors-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function systemError(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('expected a failure');
    },
    (error: unknown) => error,
  );
}

describe('C7: exit codes', () => {
  test.each<[ErrorKind, number]>([
    ['format', 1],
    ['resource', 1],
    ['usage', 2],
    ['missing', 3],
    ['network', 4],
    ['check', 5],
    ['interrupted', 130],
  ])('%s is %d', (kind, code) => {
    expect(describeError(new AntipodeError(kind, 'x: y'), plain, false)).toMatchObject({
      exitCode: code,
      json: { error: { kind, message: 'x: y' } },
    });
    expect(EXIT_CODES[kind]).toBe(code);
  });

  test.each([
    ['https://me:word@h/a.npz?t=word#3: no such model', 'https://…@h/a.npz?…#3: no such model'],
    ["(got 'https://word@h:1/a?t=word/3', expected x)", "(got 'https://…@h:1/a?…', expected x)"],
    ['/data/https:/me:word@h/a?t=word: no such file', '/data/https:/…@h/a?…: no such file'],
    ['look at https://h/a/b@main and HTTP://W:word@h', 'look at https://h/a/b@main and HTTP://…@h'],
    ['did you mean https://h/a?', 'did you mean https://h/a?'],
  ])('%j is said without passwords and queries', (text, said) => {
    const error = new AntipodeError('missing', text, { hint: text });
    const { json, lines } = describeError(error, plain, true);
    expect([json.error.message, json.error.hint]).toEqual([said, said]);
    expect(JSON.stringify(lines)).not.toContain('word');
  });

  test('an interrupt is 130; anything unknown is 1 and says that it is internal', () => {
    const signal = AbortSignal.abort();
    let stopped: unknown;
    try {
      throwIfInterrupted(signal);
    } catch (error) {
      stopped = error;
    }
    expect(describeError(stopped, plain, false).exitCode).toBe(130);
    for (const thrown of [new TypeError('x is undefined'), 'x is undefined']) {
      expect(describeError(thrown, plain, false)).toMatchObject({
        exitCode: 1,
        lines: [
          'error: internal: x is undefined',
          'next: run it again with --verbose and report what it prints',
        ],
        json: { error: { kind: 'internal' } },
      });
    }
    expect(describeError(new Error('internal: twice'), plain, false).lines[0]).toBe('error: internal: twice');
  });
});

describe('C9: what, where, got and expected, the next command; the stack only with --verbose', () => {
  const cause = new Error('the inner reason');
  const error = new AntipodeError('format', 'params.npz: W_dec.npy has shape [4, 3], expected [4, 5]', {
    hint: 'antipode sae inspect params.npz',
    cause,
  });

  test('a sentence and its next step', () => {
    const { lines, json } = describeError(error, plain, false);
    expect(lines).toEqual([
      'error: params.npz: W_dec.npy has shape [4, 3], expected [4, 5]',
      'next: antipode sae inspect params.npz',
    ]);
    expect(json).toEqual({
      error: {
        kind: 'format',
        message: 'params.npz: W_dec.npy has shape [4, 3], expected [4, 5]',
        hint: 'antipode sae inspect params.npz',
      },
    });
  });

  test('--verbose adds the stacks of the error and of its cause', () => {
    const text = describeError(error, plain, true).lines.join('\n');
    expect(text).toContain('errors.test.ts');
    expect(text).toContain('cause: Error: the inner reason');
    expect(describeError(error, plain, false).lines.join('\n')).not.toContain('at ');
  });

  test('a cause that leads in a circle ends', () => {
    const [a, b] = [new Error('a'), new Error('b')];
    a.cause = b;
    b.cause = a;
    expect(describeError(a, plain, true).lines.length).toBeLessThan(300);
  });

  test('control characters of a file name are shown everywhere, in the stack and in JSON too', () => {
    const bad = new AntipodeError('missing', '\u001b[2Jname: no such file', { hint: 'look for \u0007' });
    const { lines, json } = describeError(bad, plain, true);
    expect(lines.slice(0, 2)).toEqual(['error: \\x1b[2Jname: no such file', 'next: look for \\x07']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
    expect([...lines, JSON.stringify(json)].join('')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  test('colour comes from the style of stderr alone', () => {
    const coloured = createOutput({
      stdout: { write() {} },
      stderr: { write() {}, isTTY: true },
      env: {},
    }).errorStyle;
    expect(describeError(new AntipodeError('usage', 'x'), coloured, false).lines).toEqual([
      '\u001b[31merror:\u001b[39m x',
    ]);
  });
});

describe('errors of the system become sentences', () => {
  test('of real calls', async () => {
    const file = join(dir, 'file');
    await writeFile(file, '');
    const absent = await systemError(readFile(join(dir, 'absent')));
    expect(describeError(absent, plain, false)).toMatchObject({
      exitCode: 3,
      lines: [`error: ${join(dir, 'absent')}: no such file or folder`, expect.stringMatching(/^next: /)],
    });
    const below = await systemError(readFile(join(file, 'x')));
    expect(describeError(below, plain, false)).toMatchObject({
      exitCode: 2,
      lines: [
        `error: ${join(file, 'x')}: a part of this path is a file, not a folder`,
        expect.stringMatching(/^next: /),
      ],
    });
    expect(systemErrorCode(below)).toBe('ENOTDIR');
    const folder = await systemError(writeFile(dir, ''));
    expect(describeError(folder, plain, false)).toMatchObject({
      exitCode: 2,
      lines: [`error: ${dir}: is a folder, expected a file`, expect.stringMatching(/^next: /)],
    });
  });

  test.skipIf(process.platform !== 'linux')('a full disk, here /dev/full', async () => {
    const full = await systemError(writeFile('/dev/full', 'x'));
    expect(describeError(full, plain, false)).toMatchObject({
      exitCode: 1,
      lines: [expect.stringContaining('the disk is full'), expect.stringContaining('free some space')],
    });
  });

  test.each([
    ['EACCES', 'no permission to write or read there'],
    ['EROFS', 'no permission to write or read there'],
    ['EDQUOT', 'the disk is full'],
    ['EMFILE', 'too many open files'],
    ['ENOMEM', 'not enough memory'],
  ])('%s', (code, sentence) => {
    const error = Object.assign(new Error('raw'), { code, path: '/p' });
    const { lines, json } = describeError(error, plain, false);
    expect(lines[0]).toContain(sentence);
    expect(json.error.kind).toBe('resource');
  });
});
