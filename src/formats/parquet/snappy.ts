/**
 * @file Unpacks one raw snappy block (google/snappy, format_description.txt). Our own, because the decoder of hyparquet can be led into an
 * endless loop by a negative literal length. Leaves out the framing format.
 */

/**
 * @param length the exact unpacked size, which the caller has checked against its own limit
 * @returns undefined where the block is malformed or unpacks to another size
 */
export function unsnappy(input: Uint8Array, length: number): Uint8Array | undefined {
  let at = 0;
  let stated = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[at++];
    if (byte === undefined || shift > 28) return undefined;
    stated += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (stated !== length) return undefined;
  const output = new Uint8Array(length);
  let filled = 0;
  while (at < input.byteLength) {
    const tag = input[at++]!;
    const kind = tag & 3;
    let size = (tag >> 2) + 1;
    if (kind === 0) {
      if (size > 60) {
        const extra = size - 60;
        if (at + extra > input.byteLength) return undefined;
        size = littleEndian(input, at, extra) + 1;
        at += extra;
      }
      if (at + size > input.byteLength || filled + size > length) return undefined;
      output.set(input.subarray(at, at + size), filled);
      at += size;
    } else {
      const width = kind === 3 ? 4 : kind;
      if (at + width > input.byteLength) return undefined;
      let back = littleEndian(input, at, width);
      at += width;
      if (kind === 1) {
        size = ((tag >> 2) & 7) + 4;
        back += (tag >> 5) * 256;
      }
      if (back === 0 || back > filled || filled + size > length) return undefined;
      // Byte by byte: the source may run into what is being written.
      for (let i = 0; i < size; i++) output[filled + i] = output[filled + i - back]!;
    }
    filled += size;
  }
  return filled === length ? output : undefined;
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value += bytes[at + i]! * 2 ** (8 * i);
  return value;
}
