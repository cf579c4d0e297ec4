/**
 * @file Reads a tile of float32 cosines once: counts them in fine bins, sums their powers, and writes down the few that float64 has to look at: those that can be among
 * the extremes, and those too close to an edge of a coarse bin or to a given cosine. AssemblyScript; see `quantise.ts`. A record is 16 bytes: row and column
 * within the tile (u32), the cosine (f32), and why (1 top, 2 bottom, 4 too close to call; sums of them).
 *
 * What is asked lies in one place, `ask`: high and low (f32: from here on a pair may be an extreme), pivot and slack (f32), pointers (u32) to bins, marks, limits and inner,
 * and three float64 sums. Without bins nothing is counted. Without marks there are no given cosines.
 */

const HIGH: usize = 0;
const LOW: usize = 4;
const PIVOT: usize = 8;
const SLACK: usize = 12;
const BINS: usize = 16;
const MARKS: usize = 20;
const LIMITS: usize = 24;
const INNER: usize = 28;
const SUMS: usize = 32;

const TOP = 1;
const BOTTOM = 2;
const CLOSE = 4;

/** Fine bins per unit of cosine, and edges of coarse ones. Both are powers of two, so that scaling is exact. */
const FINE: f32 = 32768;
const COARSE: f32 = 512;
const LAST_BIN = 65535;
/** Two tables take turns, so that equal cosines in a row do not wait for each other. */
const TABLE_BYTES: usize = 65536 * 4;
/** Set in the mark of a bin that a given cosine is near; the other bits count the given cosines below the bin. */
const MARKED: u32 = 0x80000000;
/** How much farther than proportion errors reach near 0: see `../census.ts`. */
const BASE: f32 = 0.125;
/** 1.5 * 2^23: added to a small whole number, it leaves that number in the low bits. */
const MAGIC: f32 = 12582912;
const MAGIC_BITS: i32 = 0x4b400000;

function high(a: v128): v128 {
  return i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** Lanes that are too close to an edge of a coarse bin. */
function closeTo(x: v128, slack: v128): v128 {
  const scaled = f32x4.mul(x, f32x4.splat(COARSE));
  const off = f32x4.abs(f32x4.sub(scaled, f32x4.nearest(scaled)));
  return f32x4.le(off, f32x4.mul(slack, f32x4.add(f32x4.abs(x), f32x4.splat(BASE))));
}

function binsOf(x: v128): v128 {
  const whole = f32x4.floor(f32x4.mul(x, f32x4.splat(FINE)));
  const bins = i32x4.sub(f32x4.add(whole, f32x4.splat(MAGIC + FINE)), i32x4.splat(MAGIC_BITS));
  return i32x4.max_s(i32x4.splat(0), i32x4.min_s(i32x4.splat(LAST_BIN), bins));
}

function binOf(value: f32): i32 {
  return max<i32>(0, min<i32>(LAST_BIN, <i32>floor<f32>(value * FINE) + <i32>FINE));
}

function increment(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

/** Adds the lanes of four float32 vectors to two float64 lanes at `sum`. */
function addTo(sum: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  const all = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return f64x2.add(sum, f64x2.add(f64x2.promote_low_f32x4(all), f64x2.promote_low_f32x4(high(all))));
}

/** In a marked bin: counts the value among the given cosines, or says that it is too close to one. */
function isCloseToLimit(
  marks: usize,
  limits: usize,
  inner: usize,
  slack: f64,
  value: f32,
  mark: u32,
  bin: i32,
): bool {
  const x = <f64>value;
  let low = mark & ~MARKED;
  let up = load<u32>(marks + ((<usize>bin) << 2), 4) & ~MARKED;
  const most = load<u32>(marks + TABLE_BYTES) & ~MARKED;
  while (low < up) {
    const middle = (low + up) >> 1;
    if (load<f64>(limits + ((<usize>middle) << 3)) <= x) low = middle + 1;
    else up = middle;
  }
  const reach = slack * (Math.abs(x) + <f64>BASE);
  if (low > 0 && x - load<f64>(limits + ((<usize>low - 1) << 3)) <= reach) return true;
  if (low < most && load<f64>(limits + ((<usize>low) << 3)) - x <= reach) return true;
  increment(inner + ((<usize>low) << 2));
  return false;
}

/** Counts one value, or says that float64 has to. */
function isLeft(ask: usize, value: f32): bool {
  const scaled = value * COARSE;
  const edge = nearest<f32>(scaled);
  // There is nothing beyond the outermost edges that a value could belong to.
  const reach = load<f32>(ask + SLACK) * (abs<f32>(value) + BASE);
  if (abs<f32>(scaled - edge) <= reach && abs<f32>(edge) < COARSE) return true;
  const bin = binOf(value);
  const marks = <usize>load<u32>(ask + MARKS);
  if (marks !== 0) {
    const mark = load<u32>(marks + ((<usize>bin) << 2));
    if ((mark & MARKED) !== 0) {
      const limits = <usize>load<u32>(ask + LIMITS);
      const inner = <usize>load<u32>(ask + INNER);
      const slack = <f64>load<f32>(ask + SLACK) / <f64>COARSE;
      if (isCloseToLimit(marks, limits, inner, slack, value, mark, bin)) return true;
    }
  }
  increment(<usize>load<u32>(ask + BINS) + ((<usize>bin) << 2));
  return false;
}

/** One pair by itself; returns how many records there are then. */
function scanOne(ask: usize, value: f32, row: i32, column: i32, records: usize, found: i32): i32 {
  let why = (value >= load<f32>(ask + HIGH) ? TOP : 0) | (value <= load<f32>(ask + LOW) ? BOTTOM : 0);
  if (load<u32>(ask + BINS) !== 0 && isLeft(ask, value)) why |= CLOSE;
  return why === 0 ? found : write(records, found, row, column, value, why);
}

/** Writes down a pair; returns how many records there are then. */
export function write(records: usize, found: i32, row: i32, column: i32, value: f32, why: i32): i32 {
  const record = records + ((<usize>found) << 4);
  store<i32>(record, row);
  store<i32>(record, column, 4);
  store<f32>(record, value, 8);
  store<i32>(record, why, 12);
  return found + 1;
}

function sumOne(ask: usize, value: f32): void {
  const y = <f64>(value - load<f32>(ask + PIVOT));
  store<f64>(ask + SUMS, load<f64>(ask + SUMS) + y);
  store<f64>(ask + SUMS, load<f64>(ask + SUMS, 8) + y * y, 8);
  store<f64>(ask + SUMS, load<f64>(ask + SUMS, 16) + y * y * y, 16);
}

function addLanes(at: usize, sum: v128): void {
  store<f64>(at, load<f64>(at) + (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
}

/** Multiplies `d` values by `factor`, rounded to float32 itself. */
export function scaleRow(row: usize, d: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  let c = 0;
  for (; c + 8 <= d; c += 8) {
    const at = row + ((<usize>c) << 2);
    v128.store(at, f32x4.mul(v128.load(at), factors));
    v128.store(at, f32x4.mul(v128.load(at, 16), factors), 16);
  }
  for (; c < d; c++) {
    const at = row + ((<usize>c) << 2);
    store<f32>(at, load<f32>(at) * factor);
  }
}

/**
 * Scans rows `row`.. of cosines `[m, columns]` until all are done or fewer than `columns` records are free; returns the next row. Where `isTriangle` is set, row r only
 * meets columns beyond r. The number of records is kept at `count`.
 */
export function scanFloats(
  cosines: usize,
  row: i32,
  m: i32,
  columns: i32,
  isTriangle: i32,
  ask: usize,
  records: usize,
  capacity: i32,
  count: usize,
): i32 {
  let found = load<i32>(count);
  const bins = <usize>load<u32>(ask + BINS);
  const marks = <usize>load<u32>(ask + MARKS);
  const limits = <usize>load<u32>(ask + LIMITS);
  const inner = <usize>load<u32>(ask + INNER);
  const limitSlack = <f64>load<f32>(ask + SLACK) / <f64>COARSE;
  const top = f32x4.splat(load<f32>(ask + HIGH));
  const bottom = f32x4.splat(load<f32>(ask + LOW));
  const pivot = f32x4.splat(load<f32>(ask + PIVOT));
  const slack = f32x4.splat(load<f32>(ask + SLACK));
  for (; row < m; row++) {
    if (capacity - found < columns) break;
    const line = cosines + <usize>row * <usize>columns * 4;
    const start = isTriangle ? min<i32>(columns, row + 1) : 0;
    const wide = min<i32>(columns & ~15, (start + 15) & ~15);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    let c = start;
    for (; c < wide; c++) {
      const value = load<f32>(line + ((<usize>c) << 2));
      if (bins !== 0) sumOne(ask, value);
      found = scanOne(ask, value, row, c, records, found);
    }
    for (; c + 16 <= columns; c += 16) {
      const p = line + ((<usize>c) << 2);
      const x0 = v128.load(p);
      const x1 = v128.load(p, 16);
      const x2 = v128.load(p, 32);
      const x3 = v128.load(p, 48);
      const most = f32x4.pmax(f32x4.pmax(x0, x1), f32x4.pmax(x2, x3));
      const least = f32x4.pmin(f32x4.pmin(x0, x1), f32x4.pmin(x2, x3));
      let special = v128.or(f32x4.ge(most, top), f32x4.le(least, bottom));
      if (bins !== 0) {
        const close = v128.or(
          v128.or(closeTo(x0, slack), closeTo(x1, slack)),
          v128.or(closeTo(x2, slack), closeTo(x3, slack)),
        );
        special = v128.or(special, close);
        const y0 = f32x4.sub(x0, pivot);
        const y1 = f32x4.sub(x1, pivot);
        const y2 = f32x4.sub(x2, pivot);
        const y3 = f32x4.sub(x3, pivot);
        s1 = addTo(s1, y0, y1, y2, y3);
        const z0 = f32x4.mul(y0, y0);
        const z1 = f32x4.mul(y1, y1);
        const z2 = f32x4.mul(y2, y2);
        const z3 = f32x4.mul(y3, y3);
        s2 = addTo(s2, z0, z1, z2, z3);
        s3 = addTo(s3, f32x4.mul(z0, y0), f32x4.mul(z1, y1), f32x4.mul(z2, y2), f32x4.mul(z3, y3));
      }
      if (v128.any_true(special)) {
        for (let column = c; column < c + 16; column++) {
          const value = load<f32>(line + ((<usize>column) << 2));
          found = scanOne(ask, value, row, column, records, found);
        }
        continue;
      }
      if (bins === 0) continue;
      for (let q = 0; q < 16; q += 4) {
        const at = i32x4.shl(binsOf(v128.load(p + ((<usize>q) << 2))), 2);
        const b0 = <usize>i32x4.extract_lane(at, 0);
        const b1 = <usize>i32x4.extract_lane(at, 1);
        const b2 = <usize>i32x4.extract_lane(at, 2);
        const b3 = <usize>i32x4.extract_lane(at, 3);
        if (marks !== 0) {
          const any =
            load<u32>(marks + b0) | load<u32>(marks + b1) | load<u32>(marks + b2) | load<u32>(marks + b3);
          if ((any & MARKED) !== 0) {
            for (let column = c + q; column < c + q + 4; column++) {
              const value = load<f32>(line + ((<usize>column) << 2));
              const bin = binOf(value);
              const at = (<usize>bin) << 2;
              const mark = load<u32>(marks + at);
              if ((mark & MARKED) !== 0 && isCloseToLimit(marks, limits, inner, limitSlack, value, mark, bin))
                found = write(records, found, row, column, value, CLOSE);
              else increment(bins + at);
            }
            continue;
          }
        }
        increment(bins + b0);
        increment(bins + TABLE_BYTES + b1);
        increment(bins + b2);
        increment(bins + TABLE_BYTES + b3);
      }
    }
    for (; c < columns; c++) {
      const value = load<f32>(line + ((<usize>c) << 2));
      if (bins !== 0) sumOne(ask, value);
      found = scanOne(ask, value, row, c, records, found);
    }
    addLanes(ask + SUMS, s1);
    addLanes(ask + SUMS + 8, s2);
    addLanes(ask + SUMS + 16, s3);
  }
  store<i32>(count, found);
  return row;
}
