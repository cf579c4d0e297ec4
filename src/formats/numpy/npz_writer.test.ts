import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { openTensorFile } from '../detect.ts';
import { openFileSource } from '../source.ts';
import { byteLengthOf, elementCount, readFloat32 } from '../tensor_file.ts';
import { openZip } from '../zip/zip.ts';
import { type StoredMember, storedZip } from '../zip/zip_writer.ts';
import { type NpzArray, writeNpz } from './npz_writer.ts';

let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-npz-'));
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

function countTo(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => i / 8);
}

/** The same values in pieces of `size`. */
function inPieces(values: Float32Array, size: number): () => Iterable<Float32Array> {
  return function* () {
    for (let at = 0; at < values.length; at += size) yield values.subarray(at, at + size);
  };
}

describe('writeNpz', () => {
  it('round-trips arrays of any name, shape and order, whole or in pieces', async () => {
    const array = fc.record({
      name: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
        .filter((name) => !/[/\\]|\.npy$/.test(name)),
      shape: fc.array(fc.nat(5), { maxLength: 4 }),
      order: fc.constantFrom<'C' | 'F'>('C', 'F'),
      pieces: fc.option(fc.integer({ min: 1, max: 9 })),
      seed: fc.float({ noNaN: true }),
    });
    const path = join(dir, 'round.npz');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(array, { selector: (a) => a.name, maxLength: 5, minLength: 1 }),
        async (specs) => {
          const arrays = specs.map(({ pieces, seed, ...rest }) => {
            const values = countTo(elementCount(rest.shape)).fill(seed, 0, 1);
            return { ...rest, values, data: pieces === null ? values : inPieces(values, pieces) };
          });
          await writeNpz(path, arrays);
          const file = await openTensorFile(path);
          expect([...file.tensors.keys()]).toEqual(arrays.map(({ name }) => name));
          for (const { name, shape, order, values } of arrays) {
            const tensor = file.tensors.get(name)!;
            expect(tensor.shape).toEqual(shape);
            if (shape.filter((size) => size !== 1).length > 1) expect(tensor.order).toBe(order);
            expect(await readFloat32(tensor)).toEqual(values);
          }
          await file.close();
        },
      ),
      { numRuns: runs(60), seed: 4 },
    );
  });

  it('writes the bits of float16', async () => {
    const path = join(dir, 'half.npz');
    await writeNpz(path, [
      { name: 'half', shape: [2, 2], data: Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x7bff) },
    ]);
    const file = await openTensorFile(path);
    const tensor = file.tensors.get('half')!;
    expect(tensor).toMatchObject({ dtype: 'F16', shape: [2, 2] });
    expect([...(await readFloat32(tensor))]).toEqual([1, -2.5, 2 ** -24, 65504]);
    await file.close();
  });

  it('gives the same bytes for the same arrays', async () => {
    const arrays: NpzArray[] = [
      { name: 'a', shape: [2, 3], data: countTo(6) },
      { name: 'b', shape: [6], data: inPieces(countTo(6), 4) },
    ];
    await writeNpz(join(dir, 'one.npz'), arrays);
    await writeNpz(join(dir, 'two.npz'), arrays);
    const [one, two] = await Promise.all(['one.npz', 'two.npz'].map((name) => readFile(join(dir, name))));
    expect(one!.equals(two!)).toBe(true);
  });

  it('puts the data of every array on a 64-byte boundary', async () => {
    const path = join(dir, 'aligned.npz');
    const names = Array.from({ length: 40 }, (_, i) => 'n'.repeat(i + 1));
    await writeNpz(
      path,
      names.map((name, i) => ({ name, shape: [i], data: i % 2 ? countTo(i) : inPieces(countTo(i), 3) })),
    );
    const source = await openFileSource(path);
    const archive = await openZip(source);
    for (const member of archive.members.values()) expect((await member.dataOffset()) % 64).toBe(0);
    await source.close();
  });

  it.each<[string, NpzArray[], RegExp]>([
    ['too few values', [{ name: 'a', shape: [7], data: inPieces(countTo(6), 4) }], /a\.npy gave \d+ bytes/],
    ['too many values', [{ name: 'a', shape: [5], data: countTo(6) }], /has 6 values, expected 5/],
    [
      'a name twice',
      [
        { name: 'a', shape: [0], data: countTo(0) },
        { name: 'a', shape: [0], data: countTo(0) },
      ],
      /two/,
    ],
    ['a broken shape', [{ name: 'a', shape: [-1, -6], data: countTo(6) }], /has the shape \[-1, -6\]/],
    ['a failing producer', [{ name: 'a', shape: [6], data: failing }], /no more values/],
  ])('leaves the old file and nothing else behind after %s', async (_, arrays, problem) => {
    const sub = join(dir, 'keep');
    await mkdir(sub, { recursive: true });
    const path = join(sub, 'params.npz');
    await writeFile(path, 'before');
    await expect(writeNpz(path, arrays)).rejects.toThrow(problem);
    expect(await readdir(sub)).toEqual(['params.npz']);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  it('C19: leaves nothing behind when it is interrupted between pieces', async () => {
    const sub = join(dir, 'stopped');
    const controller = new AbortController();
    const data = function* (): Iterable<Float32Array> {
      yield countTo(4);
      controller.abort();
      yield countTo(4);
    };
    const writing = writeNpz(join(sub, 'p.npz'), [{ name: 'a', shape: [8], data }], {
      signal: controller.signal,
    });
    await expect(writing).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await readdir(sub)).toEqual([]);
  });
});

function* failing(): Iterable<Float32Array> {
  yield countTo(2);
  throw new Error('no more values');
}

describe('storedZip past 4 GiB', () => {
  it('writes zip64 records that the reader follows', async () => {
    const block = new Uint8Array(64 * 2 ** 20);
    const blocks = 66;
    const zeros: StoredMember = {
      name: 'zeros',
      byteLength: blocks * block.byteLength,
      pieces: () => new Array<Uint8Array>(blocks).fill(block),
    };
    const text = Buffer.from('behind the zeros');
    // One large member with its checksum known before, one with a descriptor behind it, and a small one past 8 GiB.
    const members: StoredMember[] = [
      { ...zeros, name: 'known', crc32: 0 },
      zeros,
      { name: 'text', byteLength: text.length, pieces: () => [text] },
    ];
    const path = join(dir, 'large.zip');
    const out = await open(path, 'w');
    let position = 0;
    for await (const piece of storedZip(members)) {
      // The zeros become a hole in the file.
      if (piece !== block) await out.write(piece, 0, piece.length, position);
      position += piece.byteLength;
    }
    await out.close();
    expect(position).toBeGreaterThan(8.2 * 2 ** 30);

    const source = await openFileSource(path);
    expect(source.byteLength).toBe(position);
    const archive = await openZip(source);
    expect([...archive.members.values()].map(({ name, byteLength }) => [name, byteLength])).toEqual([
      ['known', zeros.byteLength],
      ['zeros', zeros.byteLength],
      ['text', text.length],
    ]);
    const pieces: Uint8Array[] = [];
    for await (const piece of archive.members.get('text')!.stream()) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('behind the zeros');
    // CRC-32 of that many zeros, from Python's zlib.
    expect(archive.members.get('zeros')!.crc32).toBe(ZEROS_CRC);
    await source.close();
    await rm(path);
  });
});

/** python3 -c "import zlib; c = 0; b = bytes(64 << 20); [c := zlib.crc32(b, c) for _ in range(66)]; print(c)" */
const ZEROS_CRC = 3471764398;

it('knows the byte length of what it wrote', async () => {
  const path = join(dir, 'length.npz');
  await writeNpz(path, [{ name: 'a', shape: [3, 5], data: countTo(15) }]);
  const file = await openTensorFile(path);
  expect(byteLengthOf(file.tensors.get('a')!)).toBe(60);
  await file.close();
});
