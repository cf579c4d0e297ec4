import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ExpectedTensor,
  expectTensor,
  fixtureBytes,
  valuesInCOrder,
} from '../../../test/support/array_files.ts';
import { runs } from '../../../test/support/effort.ts';
import { AntipodeError } from '../../errors.ts';
import { bytesOf, type DType } from '../../tensor/dtype.ts';
import { memorySource } from '../source.ts';
import { elementCount, type StoredTensor } from '../tensor_file.ts';
import { openNpy } from './npy.ts';
import { npyHeader, npyHeaderRange, parseNpyHeader } from './npy_header.ts';

const expected: Record<string, ExpectedTensor & { order: string }> = JSON.parse(
  Buffer.from(await fixtureBytes('npy/expected.json')).toString(),
);

async function only(name: string, bytes: Uint8Array): Promise<StoredTensor> {
  const file = await openNpy(memorySource(name, bytes));
  expect(file.tensors.size).toBe(1);
  return [...file.tensors.values()][0]!;
}

describe('openNpy', () => {
  it.each([
    ['f4.npy', 'f4'],
    ['version_2.npy', 'f4_fortran'],
    ['version_3.npy', 'f4_fortran'],
  ])('reads %s as numpy wrote it', async (file, array) => {
    const tensor = await only(file, await fixtureBytes(`npy/${file}`));
    expect(tensor.name).toBe(file.replace('.npy', ''));
    expect(tensor.order).toBe(expected[array]!.order);
    await expectTensor(tensor, expected[array]!);
  });

  it('takes the name it is given', async () => {
    const file = await openNpy(memorySource('x/y/f4.npy', await fixtureBytes('npy/f4.npy')), 'W_dec');
    expect([...file.tensors.keys()]).toEqual(['W_dec']);
  });

  it('takes `<V2` for bfloat16, as ml_dtypes writes it, and refuses the plain two bytes of `|V2`', async () => {
    const tensor = await only('bf16.npy', await fixtureBytes('npy/bf16.npy'));
    expect(tensor.dtype).toBe('BF16');
    expect(await valuesInCOrder(tensor)).toEqual([0, 1, -2.5, 1.0002555517425873e30, Infinity]);
    await expect(only('void.npy', await fixtureBytes('npy/void.npy'))).rejects.toThrow(
      /\|V2 \(two raw bytes/,
    );
  });

  it('refuses objects by a sentence', async () => {
    await expect(only('objects.npy', await fixtureBytes('npy/objects.npy'))).rejects.toThrow(
      /objects\.npy: has the element type \|O \(Python objects; .* unpickling/,
    );
  });

  it('refuses a file with bytes behind the array, and closes what it refuses', async () => {
    const bytes = Buffer.concat([await fixtureBytes('npy/f4.npy'), Buffer.from('x')]);
    let closed = 0;
    const source = { ...memorySource('f4.npy', bytes), close: async () => void closed++ };
    await expect(openNpy(source)).rejects.toThrow(
      /has 177 bytes, but its header says shape \(3, 4\) of F32: 176/,
    );
    expect(closed).toBe(1);
  });
});

describe('big-endian arrays', () => {
  const header = (shape: string): Uint8Array => {
    const text = `{'descr': '>f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
    return Uint8Array.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0, ...Buffer.from(`${text}\n`)]);
  };

  it('are swapped in any range, torn elements included', async () => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => i);
    const swapped = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8];
    const tensor = await only('a.npy', Buffer.concat([header('(3,)'), data]));
    for (let offset = 0; offset <= 12; offset++) {
      for (let length = 0; offset + length <= 12; length++) {
        const target = new Uint8Array(length);
        await tensor.readBytes(offset, target);
        expect([...target]).toEqual(swapped.slice(offset, offset + length));
      }
    }
    await expect(tensor.readBytes(10, new Uint8Array(3))).rejects.toThrow(AntipodeError);
  });
});

describe('the header', () => {
  const DTYPES: DType[] = ['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'I16', 'I8', 'U8', 'BOOL'];

  it('round-trips, on a multiple of 64 bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DTYPES),
        fc.array(fc.nat(200), { maxLength: 6 }),
        fc.constantFrom<'C' | 'F'>('C', 'F'),
        (dtype, shape, order) => {
          fc.pre(Number.isSafeInteger(elementCount(shape) * bytesOf(dtype)));
          const bytes = npyHeader(dtype, shape, order);
          expect(bytes.length % 64).toBe(0);
          const { start, end } = npyHeaderRange(bytes, 'a');
          expect(end).toBe(bytes.length);
          const matters = shape.filter((size) => size !== 1).length > 1;
          expect(parseNpyHeader(Buffer.from(bytes.subarray(start)).toString(), 'a')).toEqual({
            array: { dtype, shape, order: matters ? order : 'C', isBigEndian: false },
          });
        },
      ),
    );
  });

  it.each([
    [
      `{'shape': (2L, 3L), 'descr': "<f8", 'fortran_order': True}`,
      { dtype: 'F64', shape: [2, 3], order: 'F' },
    ],
    [`{"descr":">i2","fortran_order":False,"shape":()}`, { dtype: 'I16', shape: [], isBigEndian: true }],
    [`{'descr':'|u1','fortran_order':True,'shape':(7,)}  \n`, { dtype: 'U8', shape: [7], order: 'C' }],
    [`{'descr':'>u1','fortran_order':False,'shape':(1,)}`, { dtype: 'U8', isBigEndian: false }],
  ])('accepts %s', (text, array) => {
    expect(parseNpyHeader(text, 'a')).toMatchObject({ array });
  });

  it.each(['<u4', '<c8', '<f16', '|f4', '=f4', 'f4', '<M8[s]', '<U3', 'constructor', '__proto__', '<f2x'])(
    'reports the type %s as not supported',
    (descr) => {
      const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }`;
      expect(parseNpyHeader(text, 'a')).toHaveProperty('unsupported');
    },
  );

  it.each([
    '',
    '{}',
    "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3.0,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,4}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': [3]}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} + 1",
    "{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999)}",
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${'1,'.repeat(65)})}`,
  ])('refuses %s', (text) => {
    expect(() => parseNpyHeader(text, 'a.npy')).toThrow(AntipodeError);
    expect(() => parseNpyHeader(text, 'a.npy')).toThrow(/^a\.npy: /);
  });

  it('gives a result or a sentence for any text', () => {
    const token = fc.constantFrom(
      ...`{ } ( ) [ , : ' " 3 4L True False 'descr' 'shape' 'fortran_order' '<f4'`.split(' '),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(token, fc.string()), { maxLength: 20 }), (parts) => {
        try {
          parseNpyHeader(parts.join(''), 'a');
        } catch (error) {
          expect(error).toBeInstanceOf(AntipodeError);
        }
      }),
      { numRuns: runs(2000) },
    );
  });

  it('refuses other versions and endless headers', () => {
    const head = (...bytes: number[]): Uint8Array =>
      Uint8Array.from([0x93, ...Buffer.from('NUMPY'), ...bytes]);
    expect(() => npyHeaderRange(head(4, 0, 9, 0, 0, 0), 'a')).toThrow(/version 4\.0/);
    expect(() => npyHeaderRange(head(1, 1, 9, 0, 0, 0), 'a')).toThrow(/version 1\.1/);
    expect(() => npyHeaderRange(head(2, 0, 0, 0, 0, 0x80), 'a')).toThrow(
      /2147483648 bytes, the limit is 65536/,
    );
    expect(() => npyHeaderRange(head(2, 0, 9, 0), 'a')).toThrow(/ends inside/);
  });
});
