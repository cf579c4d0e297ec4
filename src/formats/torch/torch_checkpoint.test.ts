import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import golden from '../../../test/golden/torch_checkpoints.json' with { type: 'json' };
import {
  type ExpectedTensor,
  expectTensor,
  fixtureBytes,
  valuesInCOrder,
} from '../../../test/support/array_files.ts';
import { AntipodeError } from '../../errors.ts';
import { openTensorFile } from '../detect.ts';
import { memorySource } from '../source.ts';
import { byteLengthOf, readFloat32, requireTensor, type TensorFile } from '../tensor_file.ts';
import type { PickleValue } from './pickle_values.ts';
import { openTorchCheckpoint } from './torch_checkpoint.ts';
import { flattenCheckpoint } from './torch_flatten.ts';

const expected: { tensors: Record<string, ExpectedTensor>; metadata: Record<string, string> } = JSON.parse(
  Buffer.from(await fixtureBytes('torch/expected.json')).toString(),
);

async function openFixture(name: string): Promise<TensorFile> {
  return openTorchCheckpoint(memorySource(name, await fixtureBytes(`torch/${name}`)));
}

describe.each([2, 3, 4, 5])('a checkpoint of pickle protocol %i', async (protocol) => {
  const file = await openFixture(`protocol_${protocol}.pt`);

  it('gives every tensor under its dotted name, as torch sees it', async () => {
    expect([...file.tensors.keys()]).toEqual(Object.keys(expected.tensors));
    for (const [name, tensor] of Object.entries(expected.tensors)) {
      await expectTensor(file.tensors.get(name), tensor);
    }
  });

  it('gives everything else as text', () => {
    expect(file.metadata).toEqual(expected.metadata);
  });
});

describe('views of one storage', async () => {
  const file = await openFixture('protocol_2.pt');

  it.each([
    ['whole', 'C', true],
    ['rows', 'C', true],
    ['transposed', 'F', true],
    ['reversed_axes', 'F', true],
    ['column', 'C', true],
    ['scalar', 'C', true],
    ['empty', 'C', true],
    ['columns', 'C', false],
    ['steps', 'C', false],
    ['expanded', 'C', false],
    ['permuted', 'C', false],
  ])('%s: order %s, in place: %s', async (name, order, isRandomAccess) => {
    const tensor = requireTensor(file, `views.${name}`);
    expect(tensor).toMatchObject({ order, isRandomAccess });
    const streamed: Uint8Array[] = [];
    for await (const piece of tensor.stream()) streamed.push(piece);
    const all = Buffer.concat(streamed);
    expect(all.length).toBe(byteLengthOf(tensor));
    for (let offset = 0; offset < all.length; offset += 5) {
      const part = new Uint8Array(Math.min(7, all.length - offset));
      await tensor.readBytes(offset, part);
      expect(Buffer.from(part).equals(all.subarray(offset, offset + part.length))).toBe(true);
    }
  });

  it('carry the checksum where they cover the storage', async () => {
    const tensor = requireTensor(file, 'views.transposed');
    const bytes = new Uint8Array(byteLengthOf(tensor));
    await tensor.readBytes(0, bytes);
    expect(crc32(bytes, tensor.checksum!.before)).toBe(tensor.checksum!.expected);
    expect(requireTensor(file, 'views.rows').checksum).toBeUndefined();
  });
});

it('swaps what a big-endian machine wrote', async () => {
  const file = await openFixture('big_endian.pt');
  expect(await valuesInCOrder(requireTensor(file, 'f64'))).toEqual([Math.fround(0.1), -2]);
  expect((await valuesInCOrder(requireTensor(file, 'f32'))).slice(0, 3)).toEqual([0, 0.125, 0.25]);
  expect(await valuesInCOrder(requireTensor(file, 'steps'))).toEqual([0, 0.375, 1.5, 1.875]);
  expect((await valuesInCOrder(requireTensor(file, 'part')))[0]).toBe(0.75);
});

it('names a checkpoint that is one tensor after its file', async () => {
  const file = await openFixture('tensor.pt');
  expect([...file.tensors.keys()]).toEqual(['tensor']);
});

it('takes a checkpoint saved without checksums', async () => {
  const file = await openFixture('no_crc.pt');
  const tensor = requireTensor(file, 'a');
  expect(tensor.checksum).toBeUndefined();
  expect((await readFloat32(tensor)).length).toBe(24);
});

describe('what is refused, by a sentence with the next step', () => {
  it.each([
    [
      'evil.pt',
      /evil\.pt: evil\/data\.pkl: refused: the checkpoint asks to run posix\.system; only plain data/,
    ],
    ['module.pt', /asks to run torch\.nn\.modules\.linear\.Linear; only plain data and tensors are read/],
    ['program.pt', /is a TorchScript program, not a checkpoint/],
    ['legacy.pt', /is a torch checkpoint of the format before torch 1\.6/],
  ])('%s', async (name, message) => {
    const error: unknown = await openFixture(name).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AntipodeError);
    expect(error).toMatchObject({ kind: 'format', message: expect.stringMatching(message) });
    expect((error as AntipodeError).hint).toMatch(/torch\.(save|load)/);
  });

  it('an npz', async () => {
    const source = memorySource('s.npz', await fixtureBytes('npy/stored.npz'));
    await expect(openTorchCheckpoint(source)).rejects.toThrow(
      /s\.npz: not a torch checkpoint \(it has 0 members/,
    );
  });

  it('a view that reaches past its storage, or a storage of another size', async () => {
    const bytes = Buffer.from(await fixtureBytes('torch/no_crc.pt'));
    // `K 24` is the storage's count, `K 4 K 6` the size.
    const find = (pattern: number[]): number => bytes.indexOf(Uint8Array.from(pattern));
    const count = find([0x4b, 24]);
    const size = find([0x4b, 4, 0x4b, 6]);
    expect(count).toBeGreaterThan(0);
    expect(size).toBeGreaterThan(count);
    const bigger = Buffer.from(bytes);
    bigger[size + 1] = 5;
    await expect(openTorchCheckpoint(memorySource('b.pt', bigger))).rejects.toThrow(
      /tensor a reaches element 29 of a storage of 24/,
    );
    const counted = Buffer.from(bytes);
    counted[count + 1] = 25;
    await expect(openTorchCheckpoint(memorySource('c.pt', counted))).rejects.toThrow(
      /has 96 bytes, expected 100 \(25 elements of F32\)/,
    );
  });

  it('a gathered view of a damaged storage', async () => {
    const bytes = Buffer.from(await fixtureBytes('torch/big_endian.pt'));
    const at = bytes.indexOf(Uint8Array.of(0x3e, 0, 0, 0, 0x3e, 0x80));
    expect(at).toBeGreaterThan(0);
    bytes[at] = 0x3f;
    const file = await openTorchCheckpoint(memorySource('b.pt', bytes));
    await expect(readFloat32(requireTensor(file, 'steps'))).rejects.toThrow(/data\/0: the member is damaged/);
  });
});

describe('flattenCheckpoint', () => {
  const list = (...items: PickleValue[]): PickleValue => ({ kind: 'list', items });
  const dict = (...entries: [string, PickleValue][]): PickleValue => ({
    kind: 'dict',
    entries: new Map(entries),
  });
  const tensor: PickleValue = {
    kind: 'tensor',
    storage: { kind: 'storage', key: '0', dtype: 'F32', count: 1 },
    offset: 0,
    size: [1],
    stride: [1],
  };

  it('refuses two values of one name', () => {
    const root = dict(['a.b', tensor], ['a', dict(['b', 1])]);
    expect(() => flattenCheckpoint(root, 'x', 'x.pt')).toThrow(/x\.pt: two values are named a\.b/);
  });

  it('refuses circles, with and without tensors in them', () => {
    const circle: PickleValue[] = [];
    circle.push(list(...circle), { kind: 'list', items: circle });
    expect(() => flattenCheckpoint(dict(['a', list(...circle)]), 'x', 'x.pt')).toThrow(/holds itself/);
    const withTensor: PickleValue[] = [tensor];
    withTensor.push({ kind: 'list', items: withTensor });
    expect(() => flattenCheckpoint(list(...withTensor), 'x', 'x.pt')).toThrow(/holds itself/);
  });

  it('refuses a few lists that stand for billions of values', () => {
    let bomb: PickleValue = list(1);
    for (let i = 0; i < 40; i++) bomb = list(bomb, bomb);
    expect(() => flattenCheckpoint(dict(['a', bomb]), 'x', 'x.pt')).toThrow(/more than 2000000 values/);
    const long = 'x'.repeat(2 ** 20);
    const many = list(...new Array<string>(100).fill(long));
    expect(() => flattenCheckpoint(dict(['a', many]), 'x', 'x.pt')).toThrow(/characters of text/);
  });

  it('takes names that objects have already', () => {
    const flat = flattenCheckpoint(dict(['__proto__', 'a'], ['constructor', tensor]), 'x', 'x.pt');
    expect(Object.getOwnPropertyNames(flat.metadata)).toEqual(['__proto__']);
    expect(flat.tensors.has('constructor')).toBe(true);
  });

  it('lists a bare storage, and writes bytes and types as text', () => {
    const storage: PickleValue = { kind: 'storage', key: '0', dtype: 'F16', count: 3 };
    const root = dict(
      ['s', storage],
      ['b', Uint8Array.of(1, 2)],
      ['t', { kind: 'global', name: 'torch.Size' }],
    );
    const flat = flattenCheckpoint(root, 'x', 'x.pt');
    expect([...flat.bare]).toEqual([['s', 'bare storage of F16']]);
    expect(flat.metadata).toEqual({ b: '"AQI="', t: '"torch.Size"' });
  });
});

const shared = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));

describe.skipIf(!existsSync(shared))('trained SAEs (needs ../shared/data, absent: skipped)', () => {
  it.each(Object.entries(golden))('%s has the values that Python reads', async (path, tensors) => {
    const file = await openTensorFile(`${shared}${path}`);
    expect([...file.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, { shape, order, first, last, sum }] of Object.entries(tensors)) {
      const tensor = requireTensor(file, name);
      expect(tensor).toMatchObject({ shape, order, dtype: 'F32' });
      const values = await readFloat32(tensor);
      expect([...values.subarray(0, 3)]).toEqual(first);
      expect(values.at(-1)).toBe(last);
      // Python's sum is exact; a plain float64 sum of 230,400 values of size 0.1 is off by less than this.
      expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 9);
    }
    await file.close();
  });
});
