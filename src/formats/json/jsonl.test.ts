import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { AntipodeError } from '../../errors.ts';
import { type JsonLinesOptions, readJsonLines, readJsonLinesFile } from './jsonl.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/jsonl/', import.meta.url));
const expectedRows = JSON.parse(await readFile(`${fixtures}rows.json`, 'utf8')) as unknown[];

/** The bytes in pieces of `size`, so that every boundary falls inside something. */
async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function linesOf(
  bytes: Uint8Array,
  size = 7,
  options: Partial<JsonLinesOptions> = {},
): Promise<[number, unknown][]> {
  const rows: [number, unknown][] = [];
  const input = readJsonLines(inPieces(bytes, size), { name: 'rows.jsonl', ...options });
  for await (const { line, value } of input) rows.push([line, value]);
  return rows;
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof AntipodeError)) throw new Error(`expected an AntipodeError, got ${String(error)}`);
  return error.message;
}

describe('files that Python wrote (make.py)', () => {
  test.each([
    ['batch-0.jsonl.gz', [1, 2, 3], 'two gzip members, cut inside a character'],
    ['crlf.jsonl', [2, 4, 5], 'byte order mark, CRLF, blank lines'],
  ])('%s: %s (%s)', async (file, lines) => {
    for (const size of [1, 2, 3, 64, 4096]) {
      const bytes = new Uint8Array(await readFile(fixtures + file));
      const rows = await linesOf(bytes, size);
      expect(rows.map(([, value]) => value)).toEqual(expectedRows);
      expect(rows.map(([line]) => line)).toEqual(lines);
    }
  });

  test('from a path; an absent file is a sentence of kind missing', async () => {
    const values: unknown[] = [];
    const options = { name: 'batch-0.jsonl.gz' };
    for await (const { value } of readJsonLinesFile(`${fixtures}batch-0.jsonl.gz`, options))
      values.push(value);
    expect(values).toEqual(expectedRows);
    const absent = readJsonLinesFile(`${fixtures}absent.jsonl`, options)[Symbol.asyncIterator]().next();
    await expect(absent).rejects.toMatchObject({ kind: 'missing' });
    const folder = readJsonLinesFile(fixtures, options)[Symbol.asyncIterator]().next();
    await expect(folder).rejects.toMatchObject({ kind: 'format' });
  });

  test('gzip cut at every byte: the rows before the cut, then an error', async () => {
    const whole = new Uint8Array(await readFile(`${fixtures}batch-0.jsonl.gz`));
    for (let length = 1; length < whole.byteLength; length++) {
      const message = await messageOf(linesOf(whole.subarray(0, length), 16));
      expect(message).toMatch(/rows\.jsonl: the gzip data ends too early|rows\.jsonl:[12]: not/);
    }
  });

  test('gzip with any byte changed: rows or an AntipodeError', async () => {
    const whole = new Uint8Array(await readFile(`${fixtures}batch-0.jsonl.gz`));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = whole.slice();
        bytes[at] = bytes[at]! ^ flip;
        await linesOf(bytes, 50).catch((error: unknown) => expect(error).toBeInstanceOf(AntipodeError));
      }),
      { numRuns: runs(300) },
    );
  });
});

test('round trip of any values, plain and gzip, in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 40 }), async (values, size) => {
      const text = bytesOf(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
      const expected = values.map((value, i) => [i + 1, JSON.parse(JSON.stringify(value)) as unknown]);
      expect(await linesOf(text, size)).toEqual(expected);
      expect(await linesOf(gzipSync(text), size)).toEqual(expected);
    }),
  );
});

test('random bytes: rows or an AntipodeError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      await linesOf(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(AntipodeError));
    }),
  );
});

describe('errors name the file and the line', () => {
  test('not JSON, not UTF-8, too long, too much', async () => {
    expect(await messageOf(linesOf(bytesOf('{}\n\n{"a":\n')))).toMatch(/^rows\.jsonl:3: not JSON \(.+\)$/);
    expect(await messageOf(linesOf(new Uint8Array([0x31, 0x0a, 0x22, 0xff, 0x22])))).toBe(
      'rows.jsonl:2: not UTF-8 text',
    );
    const long = bytesOf(`1\n"${'x'.repeat(100)}"\n`);
    expect(await messageOf(linesOf(long, 7, { maxLineBytes: 50 }))).toBe(
      'rows.jsonl:2: the line is longer than 50 bytes',
    );
    expect(await messageOf(linesOf(long, 7, { maxBytes: 100 }))).toBe(
      'rows.jsonl: holds more than 100 bytes of text',
    );
  });

  test('a gzip bomb without line ends stops at the line cap', async () => {
    const bomb = gzipSync(new Uint8Array(64 * 2 ** 20).fill(0x20));
    expect(await messageOf(linesOf(bomb, 2 ** 16))).toContain('rows.jsonl:1: the line is longer than');
  });

  test('a long reason of the JSON parser is cut', async () => {
    const message = await messageOf(linesOf(bytesOf(`{"a": ${'y'.repeat(5000)}}`)));
    expect(message.length).toBeLessThan(220);
  });
});

test('errors of the input pass through, and leaving early closes it', async () => {
  let isClosed = false;
  const input = async function* (fails: boolean): AsyncIterable<Uint8Array> {
    try {
      yield gzipSync('1\n2\n');
      if (fails) throw new AntipodeError('network', 'the server closed the connection');
      yield gzipSync('3\n');
    } finally {
      isClosed = true;
    }
  };
  const all = async (fails: boolean): Promise<void> => {
    for await (const { line } of readJsonLines(input(fails), { name: 'x' })) if (line > 2) return;
  };
  await expect(all(true)).rejects.toMatchObject({ kind: 'network' });
  isClosed = false;
  for await (const _ of readJsonLines(input(false), { name: 'x' })) break;
  expect(isClosed).toBe(true);
});
