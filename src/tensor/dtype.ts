/**
 * @file Element types of stored tensors and their widening to float32.
 * IEEE 754 binary16 and bfloat16 widen exactly; float64 narrows with round-to-nearest-even (what `Float32Array` does).
 * Every format maps its own names (`<f4`, `F32`, `torch.float32`) onto these.
 */

export type DType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

const BYTES: Record<DType, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** Bytes per element. */
export function bytesOf(dtype: DType): number {
  return BYTES[dtype];
}

/** True for the types that weights come in; the integer types appear in metadata arrays only. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'F64' || dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** One binary16 value as a number; subnormals, infinities and NaN included. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let halfTable: Float32Array | undefined;

function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToNumber(bits));
  return halfTable;
}

/**
 * Widens little-endian elements to float32.
 * @param bytes exactly `count * bytesOf(dtype)` bytes, any alignment
 * @param target receives `count` values from `offset` on
 * @throws {RangeError} when the target is too short, or `bytes` ends inside an element
 */
export function widenToFloat32(bytes: Uint8Array, dtype: DType, target: Float32Array, offset = 0): void {
  const count = bytes.byteLength / bytesOf(dtype);
  if (!Number.isInteger(count)) throw new RangeError('internal: widening a part of an element');
  if (offset + count > target.length) throw new RangeError('internal: widening past the end of the target');
  if (dtype === 'F32') {
    new Uint8Array(target.buffer, target.byteOffset + offset * 4, count * 4).set(bytes);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (dtype) {
    case 'F16': {
      const table = halves();
      for (let i = 0; i < count; i++) target[offset + i] = table[view.getUint16(2 * i, true)]!;
      return;
    }
    case 'BF16': {
      const words = new Uint32Array(target.buffer, target.byteOffset + offset * 4, count);
      for (let i = 0; i < count; i++) words[i] = view.getUint16(2 * i, true) << 16;
      return;
    }
    case 'F64':
      for (let i = 0; i < count; i++) target[offset + i] = view.getFloat64(8 * i, true);
      return;
    case 'I64':
      for (let i = 0; i < count; i++) target[offset + i] = Number(view.getBigInt64(8 * i, true));
      return;
    case 'I32':
      for (let i = 0; i < count; i++) target[offset + i] = view.getInt32(4 * i, true);
      return;
    case 'I16':
      for (let i = 0; i < count; i++) target[offset + i] = view.getInt16(2 * i, true);
      return;
    case 'I8':
      for (let i = 0; i < count; i++) target[offset + i] = view.getInt8(i);
      return;
    case 'U8':
    case 'BOOL':
      for (let i = 0; i < count; i++) target[offset + i] = bytes[i]!;
      return;
  }
}
