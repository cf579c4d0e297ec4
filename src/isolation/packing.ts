/**
 * @file A value as bytes, in V8's serialisation format, with its long typed arrays beside it: those need not be copied into one buffer, which doubles
 * as it grows, and can travel in pieces. What a value consists of does not matter: new fields of a request or a result pass without a change here.
 */

import { DefaultDeserializer, DefaultSerializer } from 'node:v8';

export interface Packed {
  readonly body: Uint8Array;
  /** Views of the value's own memory, not copies. */
  readonly arrays: readonly Uint8Array[];
}

/** Shorter arrays are written into the body: an array of its own costs more than copying so little. */
const MAX_INLINE_BYTES = 2 ** 16;

const ARRAY_TYPES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

class Packer extends DefaultSerializer {
  readonly arrays: Uint8Array[] = [];

  /** V8 calls this for every view of memory, and for objects that it cannot write. */
  _writeHostObject(value: object): void {
    const name: unknown = (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
    const type = ARRAY_TYPES.findIndex((one) => one.name === name);
    if (type < 0 || !ArrayBuffer.isView(value)) {
      throw new Error(`internal: a ${value.constructor.name} cannot go to another process`);
    }
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    this.writeUint32(type);
    if (bytes.length <= MAX_INLINE_BYTES) {
      this.writeUint32(0);
      this.writeUint32(bytes.length);
      this.writeRawBytes(bytes);
    } else {
      this.arrays.push(bytes);
      this.writeUint32(this.arrays.length);
    }
  }
}

class Unpacker extends DefaultDeserializer {
  readonly #arrays: readonly ArrayBuffer[];

  constructor(body: Uint8Array, arrays: readonly ArrayBuffer[]) {
    super(body);
    this.#arrays = arrays;
  }

  _readHostObject(): object {
    const type = ARRAY_TYPES[this.readUint32()];
    const place = this.readUint32();
    // Each array gets memory of its own: one that is kept must not keep a whole message.
    const buffer =
      place === 0 ? new Uint8Array(this.readRawBytes(this.readUint32())).buffer : this.#arrays[place - 1];
    if (!type || !buffer) throw new Error('internal: a message names an array that it does not have');
    return new type(buffer);
  }
}

/** @throws {Error} for what V8 cannot clone, such as a function */
export function pack(value: unknown): Packed {
  const packer = new Packer();
  packer.writeHeader();
  packer.writeValue(value);
  return { body: packer.releaseBuffer(), arrays: packer.arrays };
}

/** @param arrays the bytes of `Packed.arrays`; the value uses them in place */
export function unpack(body: Uint8Array, arrays: readonly ArrayBuffer[]): unknown {
  const unpacker = new Unpacker(body, arrays);
  unpacker.readHeader();
  return unpacker.readValue();
}
