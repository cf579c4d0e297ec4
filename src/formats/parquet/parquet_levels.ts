/**
 * @file The run-length and bit-packed hybrid of Parquet (parquet-format, Encodings.md, "RLE"), for definition levels, booleans and
 * dictionary indices. Runs are clipped to the number of values that is wanted: a hostile run length costs nothing.
 */

/**
 * @param bitWidth 0 to 32; at 0 every value is 0 and no bytes are needed
 * @returns `count` values, or undefined where the bytes end too early
 */
export function decodeRuns(bytes: Uint8Array, bitWidth: number, count: number): Uint32Array | undefined {
  const values = new Uint32Array(count);
  if (bitWidth === 0) return values;
  const bytesPerValue = Math.ceil(bitWidth / 8);
  let at = 0;
  let filled = 0;
  while (filled < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) return undefined;
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const isPacked = header % 2 === 1;
    const size = Math.floor(header / 2);
    if (isPacked) {
      const wanted = Math.min(size * 8, count - filled);
      if (at + Math.ceil((wanted * bitWidth) / 8) > bytes.byteLength) return undefined;
      for (let i = 0; i < wanted; i++) values[filled + i] = bitsAt(bytes, at, i * bitWidth, bitWidth);
      at += size * bitWidth;
      filled += wanted;
    } else {
      if (at + bytesPerValue > bytes.byteLength) return undefined;
      const end = Math.min(filled + size, count);
      values.fill(bitsAt(bytes, at, 0, bytesPerValue * 8), filled, end);
      at += bytesPerValue;
      filled = end;
    }
  }
  return values;
}

/** `width` bits from bit `position` on, least significant first. In doubles, because 32 bits may begin inside a byte. */
function bitsAt(bytes: Uint8Array, start: number, position: number, width: number): number {
  const first = start + Math.floor(position / 8);
  const shift = position % 8;
  let value = 0;
  for (let i = 0; i * 8 < shift + width; i++) value += (bytes[first + i] ?? 0) * 2 ** (8 * i);
  return Math.floor(value / 2 ** shift) % 2 ** width;
}
