import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Assembler, framesOf } from './frames.ts';

/** Through the frames, as if each had been sent: copies of all bytes, nothing shared. */
function send(value: unknown): { readonly value: unknown; readonly frames: number } {
  const frames = framesOf(value).map((frame) => structuredClone(frame));
  const assembler = new Assembler();
  const wholes = frames.map((frame) => assembler.take(frame));
  expect(wholes.slice(0, -1).every((whole) => whole === undefined)).toBe(true);
  return { value: wholes.at(-1)!.value, frames: frames.length };
}

const TYPED = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;

/** Same type, same bytes, and no more memory than that. */
function expectSame(arrived: ArrayBufferView, sent: ArrayBufferView): void {
  expect(Object.prototype.toString.call(arrived)).toBe(Object.prototype.toString.call(sent));
  expect(arrived.buffer.byteLength).toBe(sent.byteLength);
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  expect(Buffer.compare(bytes(arrived), bytes(sent))).toBe(0);
}

describe('values arrive as they were', () => {
  test('whatever they are made of', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'binary' }),
        fc.double(),
        fc.bigInt(),
        fc.constantFrom(undefined, null, true, -0, Number.NaN),
        fc.float32Array({ maxLength: 40 }),
        fc.int32Array({ maxLength: 40 }),
        fc.bigUint64Array({ maxLength: 40 }),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('any'), { maxKeys: 4, noNullPrototype: true }),
        fc.array(fc.tuple(fc.string(), tie('any')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
      ),
    })).any;
    fc.assert(
      fc.property(value, (one) => {
        expect(send(one).value).toEqual(one);
      }),
    );
  });

  test.each(TYPED)('%o, short, empty, long, and the middle of another', (type) => {
    for (const length of [2, 3, 70_000, 600_000]) {
      const array = new type(length);
      for (let i = 0; i < length; i++) array[i] = i * 7 - 3;
      const middle = array.subarray(1, -1);
      const { value } = send({ array, nested: [new Map([['middle', middle]])] });
      const { array: whole, nested } = value as { array: typeof array; nested: [Map<string, typeof array>] };
      expectSame(whole, array);
      expectSame(nested[0].get('middle')!, middle);
    }
  });

  test('the same array twice is the same array there', () => {
    const array = new Float32Array(100_000).fill(2);
    const { value } = send([array, array]);
    const [one, other] = value as Float32Array[];
    expectSame(one!, array);
    expect(other).toBe(one);
  });

  test('arrays in shared memory, and a Buffer', () => {
    const shared = new Float32Array(new SharedArrayBuffer(400_000)).fill(3);
    const { value } = send([shared, Buffer.from('ab')]);
    expectSame((value as [Float32Array])[0], new Float32Array(100_000).fill(3));
    expect((value as [unknown, Uint8Array])[1]).toEqual(Uint8Array.of(97, 98));
  });

  test('what belongs to a long array is cut into frames of a megabyte, with the short in the first', () => {
    const mebibyte = 2 ** 20;
    const long = new Uint8Array(3 * mebibyte + 5).map((_, i) => i % 251);
    const frames = framesOf({ long, next: new Uint8Array(mebibyte), short: new Uint8Array(9) });
    const sizes = frames.map(({ pieces }) => pieces.reduce((sum, [, , bytes]) => sum + bytes.length, 0));
    expect(sizes).toEqual([mebibyte, mebibyte, mebibyte, mebibyte, 5]);
    expect(framesOf({ a: new Uint8Array(9) })).toHaveLength(1);
    expect(framesOf(new Uint8Array(mebibyte))).toHaveLength(1);
    const { value } = send({ long, long2: long.subarray(7) });
    expectSame((value as { long: Uint8Array }).long, long);
    expectSame((value as { long2: Uint8Array }).long2, long.subarray(7));
  });

  test('nothing is copied to be cut', () => {
    const long = new Float32Array(500_000);
    for (const { pieces } of framesOf([long]))
      for (const [, , bytes] of pieces) expect(bytes.buffer).toBe(long.buffer);
  });

  test('what cannot be sent is an error at once', () => {
    expect(() => framesOf({ call: () => 1 })).toThrow('could not be cloned');
    expect(() => framesOf(new DataView(new ArrayBuffer(8)))).toThrow('internal: a DataView cannot go');
  });
});

describe('what does not fit is refused', () => {
  const [first, second] = framesOf(new Uint8Array(2 ** 20 + 8)) as [object, object];

  test.each([
    ['no frame', [7], 'is not a frame'],
    ['no pieces', [{ body: new Uint8Array(4), sizes: [] }], 'is not a frame'],
    ['a negative size', [{ body: new Uint8Array(4), sizes: [-1], pieces: [] }], 'is not a frame'],
    ['pieces of something else', [{ ...first, pieces: [[0, 0, 'x']] }], 'is not a frame'],
    ['the rest before the beginning', [second], 'without a first one'],
    ['a beginning in the middle', [first, first], 'begins before the last one ended'],
    ['an array that is not there', [first, { pieces: [[1, 0, Uint8Array.of(1)]] }], 'lies outside its array'],
    [
      'a place behind its end',
      [first, { pieces: [[0, 2 ** 20 + 8, Uint8Array.of(1)]] }],
      'lies outside its array',
    ],
  ])('%s', (_, frames, message) => {
    const assembler = new Assembler();
    const takeAll = (): void => {
      for (const frame of frames) assembler.take(frame);
    };
    expect(takeAll).toThrow(new RegExp(`^internal: .*${message}`));
  });

  test('more than there is memory for', () => {
    const frame = { body: new Uint8Array(4), sizes: [2 ** 52], pieces: [] };
    expect(() => new Assembler().take(frame)).toThrow(RangeError);
  });
});
