import { describe, expect, it } from 'vitest';
import { type ExpectedTensor, expectTensor, fixtureBytes } from '../../../test/support/array_files.ts';
import { type ByteSource, memorySource } from '../source.ts';
import { byteLengthOf, readFloat32, requireTensor } from '../tensor_file.ts';
import { openNpz } from './npz.ts';

const expected: Record<string, (ExpectedTensor & { order: string }) | null> = JSON.parse(
  Buffer.from(await fixtureBytes('npy/expected.json')).toString(),
);

describe.each([
  ['stored.npz', true],
  ['deflated.npz', false],
])('openNpz of %s', async (name, isRandomAccess) => {
  const bytes = await fixtureBytes(`npy/${name}`);

  it('reads every array as numpy wrote it', async () => {
    const file = await openNpz(memorySource(name, bytes));
    const numeric = Object.entries(expected).filter(([, array]) => array !== null);
    expect([...file.tensors.keys()].sort()).toEqual(numeric.map(([key]) => key).sort());
    for (const [key, array] of numeric) {
      const tensor = file.tensors.get(key)!;
      expect(tensor).toMatchObject({ name: key, order: array!.order, isRandomAccess });
      await expectTensor(tensor, array!);
    }
  });

  it('reads any range', async () => {
    const file = await openNpz(memorySource(name, bytes));
    for (const key of ['f4_fortran', 'f8', 'f4_big_endian', 'u1']) {
      const tensor = file.tensors.get(key)!;
      const all = new Uint8Array(byteLengthOf(tensor));
      await tensor.readBytes(0, all);
      const streamed: Uint8Array[] = [];
      for await (const piece of tensor.stream()) streamed.push(piece);
      expect(Buffer.concat(streamed).equals(all)).toBe(true);
      const part = new Uint8Array(new SharedArrayBuffer(1));
      await tensor.readBytes(all.length - 1, part);
      expect(part[0]).toBe(all.at(-1));
      await expect(tensor.readBytes(all.length, part)).rejects.toThrow(/read past the end of the array/);
    }
  });

  it('names what it cannot read', async () => {
    const file = await openNpz(memorySource(name, bytes));
    expect([...file.unsupported!.keys()]).toEqual(
      Object.entries(expected)
        .filter(([, array]) => array === null)
        .map(([key]) => key),
    );
    expect(() => requireTensor(file, 'objects')).toThrow(/tensor objects has the type \|O \(Python objects/);
  });
});

it('takes members with data descriptors', async () => {
  const file = await openNpz(memorySource('d.npz', await fixtureBytes('npy/descriptors.npz')));
  for (const key of ['f4', 'f4_fortran', 'f8']) await expectTensor(file.tensors.get(key), expected[key]!);
});

it('reads the headers and the one array that is asked for, and nothing else', async () => {
  const bytes = await fixtureBytes('npy/stored.npz');
  const plain = memorySource('stored.npz', bytes);
  const touched = new Uint8Array(bytes.length);
  const source: ByteSource = {
    ...plain,
    async readInto(target, offset) {
      touched.fill(1, offset, offset + target.byteLength);
      await plain.readInto(target, offset);
    },
  };
  const file = await openNpz(source);
  const at = Buffer.from(bytes).indexOf('f8.npy') + 'f8.npy'.length + 20 + 128;
  touched.fill(0);
  await readFloat32(file.tensors.get('f8')!);
  expect([...touched.keys()].filter((i) => touched[i] === 1 && (i < at - 128 || i >= at + 32))).toEqual([]);
  expect(touched.subarray(at, at + 32).every((byte) => byte === 1)).toBe(true);
});

it('refuses other compression methods, and zips without arrays', async () => {
  await expect(openNpz(memorySource('b.npz', await fixtureBytes('npy/bzip2.npz')))).rejects.toThrow(
    /b\.npz: f4\.npy: compression method 12 is not supported/,
  );
  await expect(openNpz(memorySource('t.npz', await fixtureBytes('torch/linear.pt')))).rejects.toThrow(
    /t\.npz: holds no arrays/,
  );
});

it('refuses a member that is longer or shorter than its header says, naming both', async () => {
  const bytes = await fixtureBytes('npy/stored.npz');
  const text = Buffer.from(bytes).toString('latin1');
  const damaged = Buffer.from(text.replace("'shape': (3, 4)", "'shape': (4, 4)"), 'latin1');
  await expect(openNpz(memorySource('s.npz', damaged))).rejects.toThrow(
    /s\.npz: f4\.npy: has 176 bytes, but its header says shape \(4, 4\) of F32: 192 bytes/,
  );
});
