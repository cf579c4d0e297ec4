/**
 * @file Rows as small integers: unit rows times a scale, rounded, with what the rounding lost. AssemblyScript, compiled to `kernels.wasm` by
 * `npm run build:kernels`; pointers are byte offsets into the module's memory. What the figures are good for is proven in `../bound.ts`.
 */

/** Below it, a row's leading part is written as zeros: its reciprocal would overflow float32. */
const SMALLEST: f32 = 1e-30;

function high(a: v128): v128 {
  return i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

function sumOfLanes(a: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}

/** Adds the squares of 8 float32 values, in pairs, to two float64 lanes. */
function addSquares(sum: v128, a: v128, b: v128): v128 {
  const squares = f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b));
  return f64x2.add(sum, f64x2.add(f64x2.promote_low_f32x4(squares), f64x2.promote_low_f32x4(high(squares))));
}

/**
 * The unit row's coordinates `order[from..to)` (or from..to where `order` is 0) as float32, followed by zeros up to `padded`.
 * Products with `inverse` are taken in float64, so that very short and very long rows neither vanish nor overflow.
 */
export function writeUnit(
  row: usize,
  order: usize,
  from: i32,
  to: i32,
  padded: i32,
  inverse: f64,
  out: usize,
): void {
  const count = to - from;
  let c = 0;
  if (order === 0) {
    const scale = f64x2.splat(inverse);
    const source = row + ((<usize>from) << 2);
    for (; c + 4 <= count; c += 4) {
      const x = v128.load(source + ((<usize>c) << 2));
      const low = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(x), scale));
      const up = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(high(x)), scale));
      v128.store(
        out + ((<usize>c) << 2),
        i8x16.shuffle(low, up, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
      );
    }
    for (; c < count; c++) {
      const at = (<usize>c) << 2;
      store<f32>(out + at, <f32>(<f64>load<f32>(source + at) * inverse));
    }
  } else {
    for (; c < count; c++) {
      const coordinate = load<u32>(order + ((<usize>(from + c)) << 2));
      const x = load<f32>(row + ((<usize>coordinate) << 2));
      store<f32>(out + ((<usize>c) << 2), <f32>(<f64>x * inverse));
    }
  }
  for (; c < padded; c++) store<f32>(out + ((<usize>c) << 2), 0);
}

function largest(values: usize, padded: i32): f32 {
  let m = f32x4.splat(0);
  const end = values + ((<usize>padded) << 2);
  for (let p = values; p < end; p += 16) m = f32x4.pmax(m, f32x4.abs(v128.load(p)));
  const a = max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1));
  return max<f32>(a, max<f32>(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)));
}

function rounded(values: v128, factor: v128): v128 {
  return f32x4.nearest(f32x4.mul(values, factor));
}

/** Figures of one row: scale, |lost|, sum of squares of the unit row's part; all float64. */
function storeFigures(figures: usize, scale: f32, lost: f64, squares: f64): void {
  store<f64>(figures, <f64>scale);
  store<f64>(figures, Math.sqrt(lost), 8);
  store<f64>(figures, squares, 16);
}

/**
 * Rows to bytes. `rows` is float32 `[count, d]`, `inverses` float64 1/norm, `order` the order of coordinates or 0.
 * Writes `[count, padded]` bytes q + 128 with q in [-levels, levels], and per row 3 float64 figures. `padded` is a multiple of 16,
 * `scratch` holds `padded` float32.
 */
export function quantiseBytes(
  rows: usize,
  d: i32,
  count: i32,
  inverses: usize,
  order: usize,
  head: i32,
  padded: i32,
  levels: f32,
  out: usize,
  figures: usize,
  scratch: usize,
): void {
  for (let r = 0; r < count; r++) {
    const row = rows + <usize>r * <usize>d * 4;
    writeUnit(row, order, 0, head, padded, load<f64>(inverses + ((<usize>r) << 3)), scratch);
    const most = largest(scratch, padded);
    const isSmall = most < SMALLEST;
    const factor = f32x4.splat(isSmall ? 0 : levels / most);
    const scale: f32 = isSmall ? 0 : most / levels;
    const unscale = f32x4.splat(scale);
    let lost = f64x2.splat(0);
    let squares = f64x2.splat(0);
    const target = out + <usize>r * <usize>padded;
    for (let c: usize = 0; c < <usize>padded; c += 16) {
      const p = scratch + (c << 2);
      const a0 = v128.load(p);
      const a1 = v128.load(p, 16);
      const a2 = v128.load(p, 32);
      const a3 = v128.load(p, 48);
      const q0 = rounded(a0, factor);
      const q1 = rounded(a1, factor);
      const q2 = rounded(a2, factor);
      const q3 = rounded(a3, factor);
      const first = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(q0), i32x4.trunc_sat_f32x4_s(q1));
      const second = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(q2), i32x4.trunc_sat_f32x4_s(q3));
      v128.store(target + c, v128.xor(i8x16.narrow_i16x8_s(first, second), i8x16.splat(-128)));
      squares = addSquares(addSquares(squares, a0, a1), a2, a3);
      const e0 = f32x4.sub(a0, f32x4.mul(q0, unscale));
      const e1 = f32x4.sub(a1, f32x4.mul(q1, unscale));
      const e2 = f32x4.sub(a2, f32x4.mul(q2, unscale));
      const e3 = f32x4.sub(a3, f32x4.mul(q3, unscale));
      lost = addSquares(addSquares(lost, e0, e1), e2, e3);
    }
    storeFigures(figures + <usize>r * 24, scale, sumOfLanes(lost), sumOfLanes(squares));
  }
}

/** As `quantiseBytes`, for coordinates from..to and int16 values in [-levels, levels]; `padded` is a multiple of 8. */
export function quantiseWords(
  rows: usize,
  d: i32,
  count: i32,
  inverses: usize,
  order: usize,
  from: i32,
  to: i32,
  padded: i32,
  levels: f32,
  out: usize,
  figures: usize,
  scratch: usize,
): void {
  for (let r = 0; r < count; r++) {
    const row = rows + <usize>r * <usize>d * 4;
    writeUnit(row, order, from, to, padded, load<f64>(inverses + ((<usize>r) << 3)), scratch);
    const most = largest(scratch, padded);
    const isSmall = most < SMALLEST;
    const factor = f32x4.splat(isSmall ? 0 : levels / most);
    const scale: f32 = isSmall ? 0 : most / levels;
    const unscale = f32x4.splat(scale);
    let lost = f64x2.splat(0);
    let squares = f64x2.splat(0);
    const target = out + <usize>r * <usize>padded * 2;
    for (let c: usize = 0; c < <usize>padded; c += 8) {
      const a0 = v128.load(scratch + (c << 2));
      const a1 = v128.load(scratch + (c << 2), 16);
      const q0 = rounded(a0, factor);
      const q1 = rounded(a1, factor);
      v128.store(
        target + (c << 1),
        i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(q0), i32x4.trunc_sat_f32x4_s(q1)),
      );
      squares = addSquares(squares, a0, a1);
      lost = addSquares(lost, f32x4.sub(a0, f32x4.mul(q0, unscale)), f32x4.sub(a1, f32x4.mul(q1, unscale)));
    }
    storeFigures(figures + <usize>r * 24, scale, sumOfLanes(lost), sumOfLanes(squares));
  }
}
