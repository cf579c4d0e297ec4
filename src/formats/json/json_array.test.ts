import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { AntipodeError } from '../../errors.ts';
import { readJsonArray, readJsonArrayFile } from './json_array.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/jsonl/', import.meta.url));

async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function elementsOf(text: string | Uint8Array, size = 5, limits: object = {}): Promise<unknown[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const values: unknown[] = [];
  for await (const { index, value } of readJsonArray(inPieces(bytes, size), { name: 'a.json', ...limits })) {
    expect(index).toBe(values.length);
    values.push(value);
  }
  return values;
}

test('a labels file that Python wrote over several lines: elements with their lines', async () => {
  const expected = JSON.parse(await readFile(`${fixtures}rows.json`, 'utf8')) as unknown[];
  const found: [number, unknown][] = [];
  const elements = readJsonArrayFile(`${fixtures}labels.json`, { name: 'labels.json' });
  for await (const { line, value } of elements) found.push([line, value]);
  expect(found.map(([, value]) => value)).toEqual(expected);
  expect(found.map(([line]) => line)).toEqual([2, 7, 16]);
});

test('agrees with JSON.parse on every array, in pieces of any size, indented or not, plain or gzip', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue()),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(2),
      async (values, size, indent) => {
        const text = `\ufeff \n${JSON.stringify(values, null, indent)}\n`;
        const expected: unknown = JSON.parse(JSON.stringify(values));
        expect(await elementsOf(text, size)).toEqual(expected);
        expect(await elementsOf(gzipSync(text), size)).toEqual(expected);
      },
    ),
  );
});

test('agrees with JSON.parse on what is an array, for texts made of JSON’s own characters', async () => {
  const soup = fc.string({ unit: fc.constantFrom('[', ']', ',', '{', '}', '"', '\\', '1', ':', ' ', '\n') });
  await fc.assert(
    fc.asyncProperty(
      soup.map((s) => `[${s}]`),
      async (text) => {
        const ours = await elementsOf(text).catch((error: unknown) => {
          expect(error).toBeInstanceOf(AntipodeError);
          return undefined;
        });
        let theirs: unknown;
        try {
          theirs = JSON.parse(text);
        } catch {
          theirs = undefined;
        }
        expect(ours).toEqual(theirs);
      },
    ),
    { numRuns: runs(3000) },
  );
});

describe('malformed', () => {
  test.each([
    ['', 'a.json:1: empty, expected a JSON array'],
    ['{"a":1}', 'a.json:1: does not begin with [, expected a JSON array'],
    ['[1,\n2', 'a.json:2: the JSON array has no end: the file may be cut'],
    ['[1,]', 'a.json:1: element 1: nothing stands there'],
    ['[,1]', 'a.json:1: element 0: nothing stands there'],
    ['[1] 2', 'a.json:1: something follows the JSON array'],
    ['[{"a":1}\n,\n{"b":}\n]', 'a.json:3: element 1: not JSON'],
    ['[1 2]', 'a.json:1: element 0: not JSON'],
  ])('%j', async (text, message) => {
    await expect(elementsOf(text)).rejects.toThrow(message);
    await expect(elementsOf(text)).rejects.toBeInstanceOf(AntipodeError);
  });

  test('an element above the limit, and a text above the limit', async () => {
    await expect(elementsOf(`[1, "${'x'.repeat(99)}"]`, 5, { maxLineBytes: 50 })).rejects.toThrow(
      'a.json:1: element 1: longer than 50 bytes',
    );
    await expect(elementsOf('[1,1,1,1,1,1,1]', 5, { maxBytes: 10 })).rejects.toThrow(
      'holds more than 10 bytes',
    );
  });
});
