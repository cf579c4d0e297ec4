/**
 * @file Turns rows of bytes into the columns that the right side of a product wants. AssemblyScript; see `quantise.ts`.
 */

/** One round of a 16 x 16 byte transposition: rows r and r + 8 interleaved become rows 2r and 2r + 1; four rounds transpose. */
function interleave(from: usize, to: usize): void {
  for (let r: usize = 0; r < 128; r += 16) {
    const a = v128.load(from + r);
    const b = v128.load(from + r, 128);
    const at = to + (r << 1);
    v128.store(at, i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(at, i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
  }
}

/**
 * Bytes q + 128 `[columns, k]` to signed bytes q `[k, columns]`; both sizes are multiples of 16, `scratch` holds 512 bytes.
 */
export function packColumns(rows: usize, columns: i32, k: i32, out: usize, scratch: usize): void {
  const sign = i8x16.splat(-128);
  const other = scratch + 256;
  for (let j: usize = 0; j < <usize>columns; j += 16) {
    for (let c: usize = 0; c < <usize>k; c += 16) {
      for (let r: usize = 0; r < 16; r++) {
        v128.store(scratch + (r << 4), v128.xor(sign, v128.load(rows + (j + r) * <usize>k + c)));
      }
      interleave(scratch, other);
      interleave(other, scratch);
      interleave(scratch, other);
      interleave(other, scratch);
      for (let r: usize = 0; r < 16; r++) {
        v128.store(out + (c + r) * <usize>columns + j, v128.load(scratch + (r << 4)));
      }
    }
  }
}
