/**
 * @file Whether a device multiplies in float32, asked before a search relies on it. Tensor cores round factors to 10 bits (TF32) or fewer where a
 * driver, a setting or `NVIDIA_TF32_OVERRIDE=1` lets them, and the bound of the search would then not hold.
 */

import { AntipodeError } from '../errors.ts';
import type { Device } from '../onnx/device.ts';
import { BLOCK_COLUMNS, type ColumnSession, type Columns, deviceErrorBound } from './device_pass_graph.ts';

/**
 * Coordinates that are not zero in the rows of the check: float32's own roundings (u = 2^-23 at worst) stay below 2^-12 then, and TF32's, half a
 * unit in the last of 10 bits of either factor, near 2^-10.
 */
const CHECKED_COORDINATES = 1024;

/** 1 + almost half a unit in the 10th bit: exact in float32, and rounded down to 1 by TF32, float16 and bfloat16 alike. */
const FACTOR = 1 + 2 ** -11 - 2 ** -16;

const CHECKED_ROWS = 8;
const CHECKED_BLOCKS = 2;

/** Columns whose products with `checkRows` are known: powers of two times one sum of equal terms. */
export function checkColumns(d: number): Columns {
  const n = CHECKED_BLOCKS * BLOCK_COLUMNS;
  const data = new Float32Array(n * d);
  for (let column = 0; column < n; column++) fillRow(data, column * d, d, columnScale(column));
  return { data, n, d };
}

function checkRows(d: number): Float32Array {
  const rows = new Float32Array(CHECKED_ROWS * d);
  for (let row = 0; row < CHECKED_ROWS; row++) fillRow(rows, row * d, d, rowScale(row));
  return rows;
}

function fillRow(target: Float32Array, at: number, d: number, scale: number): void {
  target.fill(scale * FACTOR * unitOf(d), at, at + Math.min(d, CHECKED_COORDINATES));
}

/** A power of two that keeps the sums at 1 or below. */
function unitOf(d: number): number {
  return 2 ** -Math.ceil(Math.log2(Math.min(d, CHECKED_COORDINATES)) / 2);
}

/** In each block one column stands out at either end, elsewhere in the second than in the first. */
function columnScale(column: number): number {
  const block = Math.floor(column / BLOCK_COLUMNS);
  const place = column % BLOCK_COLUMNS;
  const size = 2 ** -block;
  if (place === 5 + 20 * block) return size;
  return place === 40 - 20 * block ? -size / 2 : size / 8;
}

function rowScale(row: number): number {
  return (row % 2 === 0 ? 1 : -1) * 2 ** -(row % 4);
}

/**
 * @param session over `checkColumns(d)`
 * @throws {AntipodeError} `check` where products are less exact than float32, or the largest and smallest of a block are not
 */
export async function checkProducts(session: ColumnSession, d: number, device: Device): Promise<void> {
  const { high, low } = await session.run(checkRows(d));
  const width = Math.min(d, CHECKED_COORDINATES);
  const sum = width * (FACTOR * unitOf(d)) ** 2;
  // All terms have one sign, so the bound holds relative to the sum.
  const allowed = deviceErrorBound(width);
  for (let row = 0; row < CHECKED_ROWS; row++) {
    for (let block = 0; block < CHECKED_BLOCKS; block++) {
      const scale = sum * Math.abs(rowScale(row)) * 2 ** -block;
      const isFlipped = rowScale(row) < 0;
      const at = row * CHECKED_BLOCKS + block;
      const errors = [
        high[at]! / (isFlipped ? scale / 2 : scale) - 1,
        low[at]! / -(isFlipped ? scale : scale / 2) - 1,
      ];
      const worst = Math.max(...errors.map(Math.abs));
      if (!(worst <= allowed)) throw tooCoarse(device, worst, allowed);
    }
  }
}

function tooCoarse(device: Device, error: number, allowed: number): AntipodeError {
  const numbers = `relative error ${error.toPrecision(2)}, expected at most ${allowed.toPrecision(2)}`;
  const unset = process.env['NVIDIA_TF32_OVERRIDE'] === '1' ? 'unset NVIDIA_TF32_OVERRIDE, or ' : '';
  return new AntipodeError('check', `device ${device}: its products are not float32 (${numbers})`, {
    hint: `${unset}use --device cpu`,
  });
}
