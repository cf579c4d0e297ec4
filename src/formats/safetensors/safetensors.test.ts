import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { AntipodeError } from '../../errors.ts';
import { type ByteSource, memorySource, openFileSource } from '../source.ts';
import { readFloat32, requireTensor, type TensorFile } from '../tensor_file.ts';
import {
  MAX_HEADER_BYTES,
  openSafetensors,
  openShardedSafetensors,
  writeSafetensors,
} from './safetensors.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/safetensors/', import.meta.url));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-safetensors-'));
});
afterAll(() => rm(dir, { recursive: true }));

/** Header text as given, so that tests can write what no JSON writer would. */
function container(header: string, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  bytes.set(json, 8);
  return bytes;
}

const open = (bytes: Uint8Array): Promise<TensorFile> =>
  openSafetensors(memorySource('w.safetensors', bytes));

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof AntipodeError)) throw new Error(`expected an AntipodeError, got ${String(error)}`);
  return error.message;
}

describe('a file written byte by byte from the format (make.py)', () => {
  test('gives every supported tensor with numpy’s float32 values', async () => {
    const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as Record<
      string,
      { dtype: string; shape: number[]; float32: (number | string)[] }
    >;
    const file = await openSafetensors(await openFileSource(join(fixtures, 'all_types.safetensors')));
    expect([...file.tensors.keys()]).toEqual(Object.keys(expected));
    for (const [name, { dtype, shape, float32 }] of Object.entries(expected)) {
      const tensor = requireTensor(file, name);
      expect([tensor.dtype, tensor.shape, tensor.order]).toEqual([dtype, shape, 'C']);
      const values = Array.from(await readFloat32(tensor), (v) => v);
      expect(values).toEqual(float32.map((v) => (v === 'inf' ? Number.POSITIVE_INFINITY : v)));
    }
    expect(file.metadata).toEqual({ format: 'pt', note: 'hé' });
    expect([...(file.unsupported ?? [])]).toEqual([
      ['f8', 'F8_E4M3'],
      ['u32', 'U32'],
    ]);
    expect(() => requireTensor(file, 'f8')).toThrow('tensor f8 has the type F8_E4M3, which is not supported');
    await file.close();
  });

  test('reads a part of one tensor straight into shared memory, and refuses to read past its end', async () => {
    const file = await openSafetensors(await openFileSource(join(fixtures, 'all_types.safetensors')));
    const tensor = requireTensor(file, 'f32');
    const target = new Float32Array(new SharedArrayBuffer(12));
    await tensor.readBytes(12, new Uint8Array(target.buffer));
    expect([...target]).toEqual([-4.5, 0.1, 1e-40].map(Math.fround));
    expect(await messageOf(tensor.readBytes(16, new Uint8Array(12)))).toContain('read past its end');
    await file.close();
  });

  test('cut at every byte: an error, never a result', async () => {
    const whole = new Uint8Array(await readFile(join(fixtures, 'all_types.safetensors')));
    for (let length = 0; length < whole.byteLength; length++)
      await messageOf(open(whole.subarray(0, length)));
  });

  test('with any byte changed: a result or an AntipodeError', async () => {
    const whole = new Uint8Array(await readFile(join(fixtures, 'all_types.safetensors')));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = whole.slice();
        bytes[at] = bytes[at]! ^ flip;
        const file = await open(bytes).catch((error: unknown) => {
          expect(error).toBeInstanceOf(AntipodeError);
          return undefined;
        });
        for (const tensor of file?.tensors.values() ?? []) await readFloat32(tensor);
      }),
      { numRuns: runs(500) },
    );
  });
});

test('random bytes, and random text behind a right length: an AntipodeError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
      await messageOf(open(bytes));
      if (bytes.byteLength > 0) await messageOf(open(container(`{"a":${String.fromCharCode(...bytes)}}`)));
    }),
  );
});

describe('malformed files are refused with a sentence', () => {
  const f32 = (begin: number, end: number, shape = '[1]'): string =>
    `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;
  const cases: [string, Uint8Array, string][] = [
    [
      'overlap',
      container(`{"a":${f32(0, 8, '[2]')},"b":${f32(4, 8)}}`, 8),
      'b: overlaps the tensor before it',
    ],
    ['same range twice', container(`{"a":${f32(0, 4)},"b":${f32(0, 4)}}`, 4), 'overlaps'],
    ['hole', container(`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12), 'b: bytes before it belong to no tensor'],
    ['hole at the start', container(`{"a":${f32(4, 8)}}`, 8), 'a: bytes before it belong to no tensor'],
    ['bytes at the end', container(`{"a":${f32(0, 4)}}`, 5), '1 bytes follow the last tensor'],
    ['data cut', container(`{"a":${f32(0, 4)}}`, 3), 'the file ends too early'],
    ['wrong length', container(`{"a":${f32(0, 8)}}`, 8), 'a: has 8 bytes of data, expected 4 for F32 [1]'],
    [
      'shape beyond doubles',
      container(`{"a":${f32(0, 4, '[9007199254740991,9007199254740991]')}}`, 4),
      'expected',
    ],
    ['backwards', container(`{"a":${f32(4, 0)}}`, 4), 'ends before it begins'],
    ['duplicate tensor', container(`{"a":${f32(0, 4)},"a":${f32(0, 4)}}`, 4), '"a" stands twice'],
    ['duplicate by escape', container(`{"a":${f32(0, 4)},"\\u0061":${f32(0, 4)}}`, 4), '"a" stands twice'],
    ['duplicate field', container('{"a":{"dtype":"F32","dtype":"F64"}}'), '"dtype" stands twice'],
    ['negative size', container(`{"a":${f32(0, 4, '[-1]')}}`, 4), 'expected a non-negative integer'],
    ['fraction', container(`{"a":${f32(0, 4, '[1.0]')}}`, 4), 'expected a comma or the end of an array'],
    ['leading zero', container(`{"a":${f32(0, 4, '[01]')}}`, 4), 'expected a non-negative integer'],
    ['above 2^53', container(`{"a":${f32(0, 4, '[9007199254740993]')}}`, 4), 'above 2^53'],
    [
      'three offsets',
      container('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 8),
      'more than 2',
    ],
    ['no dtype', container('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4), 'a has no dtype'],
    ['no shape', container('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), 'a has no shape'],
    ['no offsets', container('{"a":{"dtype":"F32","shape":[1]}}', 4), 'a has no data_offsets'],
    ['metadata not text', container('{"__metadata__":{"a":1}}'), 'expected a string'],
    ['array', container('[]'), 'does not begin with {'],
    ['space first', container(' {}'), 'does not begin with {'],
    ['text behind', container('{} x'), 'something follows the JSON object'],
    ['control character', container('{"a\u0001":1}'), 'control character'],
    ['wrong escape', container('{"a\\q":1}'), 'wrong escape'],
    ['trailing comma', container('{"__metadata__":{},}'), 'expected a string'],
    ['deep nesting', container(`{"a":{"x":${'['.repeat(1000)}`), 'nested too deeply'],
    ['long name', container(`{"${'a'.repeat(5000)}":1}`), 'a name has 5000 bytes, the limit is 4096'],
    ['rank', container(`{"a":${f32(0, 4, `[${'1,'.repeat(64)}1]`)}}`, 4), 'more than 64'],
    ['not UTF-8', container('{"\u00e9":1}').map((b) => (b === 0xc3 ? 0xff : b)), 'not UTF-8'],
  ];
  test.each(cases)('%s', async (_, bytes, problem) => {
    expect(await messageOf(open(bytes))).toContain(problem);
  });

  test('a header length above the cap is refused before anything is allocated', async () => {
    const bytes = container('{}');
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(await messageOf(open(bytes))).toContain(`the limit is ${MAX_HEADER_BYTES}`);
    let largest = 0;
    const source: ByteSource = {
      ...memorySource('huge.safetensors', bytes),
      byteLength: 100,
      async readInto(target) {
        largest = Math.max(largest, target.byteLength);
        new DataView(target.buffer).setBigUint64(0, BigInt(MAX_HEADER_BYTES), true);
      },
    };
    expect(await messageOf(openSafetensors(source))).toContain('the file ends too early');
    expect(largest).toBe(8);
  });

  test('unknown fields are skipped as the reference does, and an empty file of no tensors is fine', async () => {
    const extra = `{"a":{"x":[{"y":[1.5e3,true,null,"\\""]}],"dtype":"U8","shape":[1],"data_offsets":[0,1]}}  `;
    expect((await open(container(extra, 1))).tensors.size).toBe(1);
    expect((await open(container('{}'))).tensors.size).toBe(0);
  });
});

describe('several shards', () => {
  test('open as one file through the index or the folder', async () => {
    for (const path of ['sharded', 'sharded/model.safetensors.index.json']) {
      const file = await openShardedSafetensors(join(fixtures, path));
      expect([...file.tensors.keys()]).toEqual(['a.weight', 'b.weight']);
      expect([...(await readFloat32(requireTensor(file, 'b.weight')))]).toEqual([10, 11, 12, 13, 14, 15]);
      expect(file.metadata).toEqual({ format: 'pt', total_size: '48' });
      await file.close();
    }
  });

  test.each([
    ['../w.safetensors', 'expected a .safetensors file in the same folder'],
    ['/etc/w.safetensors', 'expected a .safetensors file in the same folder'],
    ['a/../../w.safetensors', 'expected a .safetensors file in the same folder'],
    ['..\\w.safetensors', 'expected a .safetensors file in the same folder'],
    ['absent.safetensors', 'no such file'],
  ])('a shard named %s is refused', async (shard, problem) => {
    const index = join(dir, 'x.safetensors.index.json');
    await writeFile(index, JSON.stringify({ weight_map: { a: shard } }));
    expect(await messageOf(openShardedSafetensors(index))).toContain(problem);
  });

  test('an index without weight_map, not JSON, or naming a tensor that its shard lacks', async () => {
    const index = join(dir, 'x.safetensors.index.json');
    await writeFile(index, '[]');
    expect(await messageOf(openShardedSafetensors(index))).toContain('has no weight_map object');
    await writeFile(index, '{');
    expect(await messageOf(openShardedSafetensors(index))).toContain('not JSON');
    await writeFile(join(dir, 's.safetensors'), container('{}'));
    await writeFile(index, JSON.stringify({ weight_map: { a: 's.safetensors' } }));
    expect(await messageOf(openShardedSafetensors(index))).toContain('s.safetensors has no tensor a');
    expect(await messageOf(openShardedSafetensors(join(dir, 'nowhere')))).toContain('no such file or folder');
  });
});

describe('writing', () => {
  test('round trip of any tensors, the same bytes whatever the order', async () => {
    const tensors = fc.uniqueArray(
      fc.record({
        name: fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
        dtype: fc.constantFrom('F32' as const, 'U8' as const, 'F64' as const),
        values: fc.array(fc.float(), { maxLength: 5 }),
      }),
      { selector: ({ name }) => name, maxLength: 5 },
    );
    const types = { F32: Float32Array, U8: Uint8Array, F64: Float64Array };
    await fc.assert(
      fc.asyncProperty(tensors, fc.dictionary(fc.string(), fc.string()), async (list, metadata) => {
        const writable = list.map(({ name, dtype, values }) => {
          return { name, dtype, shape: [values.length], data: types[dtype].from(values) };
        });
        const [a, b] = [join(dir, 'a.safetensors'), join(dir, 'b.safetensors')];
        await writeSafetensors(a, writable, metadata);
        await writeSafetensors(b, writable.toReversed(), metadata);
        const bytes = new Uint8Array(await readFile(a));
        expect(bytes).toEqual(new Uint8Array(await readFile(b)));
        expect(bytes.byteLength >= 16 && new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
        const file = await open(bytes);
        expect(file.metadata).toEqual({ ...metadata });
        for (const { name, data } of writable) {
          const target = new Uint8Array(data.byteLength);
          await requireTensor(file, name).readBytes(0, target);
          expect(target).toEqual(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        }
      }),
      { numRuns: runs(50) },
    );
  });

  test('data that does not fit its shape is a fault of the caller', async () => {
    const tensor = { name: 'a', dtype: 'F32' as const, shape: [2], data: new Float32Array(3) };
    await expect(writeSafetensors(join(dir, 'c'), [tensor])).rejects.toThrow(
      'internal: tensor a has 12 bytes, expected 8',
    );
  });
});
