/**
 * @file Writes GGUF version 3 (ggml's docs/gguf.md), little-endian, and the two block types of llama.cpp that the benchmark needs: ggml's `block_q8_0`
 * and `block_q4_0`, rounded as its reference quantisers do. Written apart from antipode's own quantisation, so that each checks the other.
 */

const ALIGNMENT = 32;
const BLOCK = 32;
const VALUE_TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 };

/** Per tensor type: ggml's number, and how many bytes a row of `n` values takes. */
export const TENSOR_TYPES = {
  f32: { id: 0, bytes: (n) => 4 * n },
  q4_0: { id: 2, bytes: (n) => (n / BLOCK) * 18 },
  q8_0: { id: 8, bytes: (n) => (n / BLOCK) * 34 },
};

/**
 * All that stands before the data.
 * @param metadata `[key, type, value]`; arrays as `[key, 'array', { of, values }]`
 * @param tensors `{ name, shape, type }` in C order, last axis fastest; data follows in this order, each padded by `padding`
 */
export function ggufHeader(metadata, tensors) {
  const parts = [];
  const u32 = (n) => parts.push(Buffer.from(Uint32Array.of(n).buffer));
  const u64 = (n) => parts.push(Buffer.from(BigUint64Array.of(BigInt(n)).buffer));
  const string = (text) => {
    const bytes = Buffer.from(text);
    u64(bytes.length);
    parts.push(bytes);
  };
  const write = {
    u32,
    string,
    i32: (n) => parts.push(Buffer.from(Int32Array.of(n).buffer)),
    f32: (x) => parts.push(Buffer.from(Float32Array.of(x).buffer)),
    bool: (is) => parts.push(Buffer.of(is ? 1 : 0)),
    array({ of, values }) {
      u32(VALUE_TYPES[of]);
      u64(values.length);
      for (const value of values) write[of](value);
    },
  };
  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(tensors.length);
  u64(metadata.length);
  for (const [key, type, value] of metadata) {
    string(key);
    u32(VALUE_TYPES[type]);
    write[type](value);
  }
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    string(name);
    u32(shape.length);
    for (const size of shape.toReversed()) u64(size);
    u32(TENSOR_TYPES[type].id);
    u64(offset);
    const length = byteLengthOf({ shape, type });
    offset += length + padding(length);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(padding(header.length))]);
}

export function byteLengthOf({ shape, type }) {
  const rows = shape.slice(0, -1).reduce((product, n) => product * n, 1);
  return rows * TENSOR_TYPES[type].bytes(shape.at(-1));
}

/** Zero bytes up to the next multiple of the alignment. */
export const padding = (length) => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;

/** Whole blocks of 32 values, in whichever type. */
export const ENCODERS = {
  f32: (values) => Buffer.from(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength)),
  q8_0(values) {
    const bytes = Buffer.alloc((values.length / BLOCK) * 34);
    for (let from = 0, to = 0; from < values.length; from += BLOCK) {
      const most = values[largestOf(values, from)];
      const scale = Math.fround(Math.abs(most) / 127);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      to = bytes.writeUInt16LE(halfBits(scale), to);
      for (let i = from; i < from + BLOCK; i++) {
        const x = Math.fround(values[i] * inverse);
        // roundf: ties away from zero.
        bytes[to++] = x < 0 ? -Math.floor(0.5 - x) : Math.floor(x + 0.5);
      }
    }
    return bytes;
  },
  q4_0(values) {
    const bytes = Buffer.alloc((values.length / BLOCK) * 18);
    for (let from = 0, to = 0; from < values.length; from += BLOCK) {
      const scale = values[largestOf(values, from)] / -8;
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      const step = (i) => Math.min(15, Math.trunc(Math.fround(Math.fround(values[i] * inverse) + 8.5)));
      to = bytes.writeUInt16LE(halfBits(scale), to);
      // A byte holds a value of the first half of the block and one of the second.
      for (let i = from; i < from + BLOCK / 2; i++) bytes[to++] = step(i) | (step(i + BLOCK / 2) << 4);
    }
    return bytes;
  },
};

/** The first index of the value of largest magnitude in a block. */
function largestOf(values, from) {
  let at = from;
  let most = Math.abs(values[from]);
  for (let i = from + 1; i < from + BLOCK; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > most) {
      most = magnitude;
      at = i;
    }
  }
  return at;
}

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);

/** A number within binary16's range as binary16, to the nearest, ties to even. */
export function halfBits(value) {
  word[0] = value;
  const sign = (wordBits[0] >>> 16) & 0x8000;
  const exponent = ((wordBits[0] >>> 23) & 0xff) - 127;
  // Below 2^-14 the steps are all 2^-24.
  if (exponent < -14) return sign | roundEven(Math.abs(value) * 2 ** 24);
  const steps = roundEven((Math.abs(value) / 2 ** exponent) * 1024);
  return sign | (((exponent + 15) << 10) + (steps - 1024));
}

function roundEven(x) {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
