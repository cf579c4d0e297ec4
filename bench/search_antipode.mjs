/** @file One process of `bench:search` on antipode's side: one question, one measured call. Task and result are JSON. */
import { existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { extremes } from '../dist/search/extremes.js';
import { searchInt8 } from '../dist/search/int8_pass.js';
import { nearestRows } from '../dist/search/nearest_rows.js';
import { wholeRows } from '../dist/search/plan.js';
import { searchPairs } from '../dist/search/search_pairs.js';
import { allocateMatrix, toFeatureMatrix } from '../dist/tensor/matrix.js';
import { giveBack, readTask, seconds } from './generate_task.mjs';

const { bins, d, k, method, n, rows, threads, warmUp } = readTask();

const pairs = (found) => found.map(({ i, j, cos }) => [i, j, cos]);
const ends = ({ top, bottom }) => ({ top: pairs(top), bottom: pairs(bottom) });
async function byIntegers(options) {
  const found = await searchInt8(options);
  if (!found) throw new Error('this machine has no exact integer products');
  const { plan, emitted, verified } = found;
  return { ...ends(found), plan, emitted, verified };
}
const METHODS = {
  extremes: async (a, count) => ends(await extremes(a, { k: count, threads })),
  // The integer search as it plans itself, and told to multiply whole rows: search_scaling.mjs.
  planned: (a, count) => byIntegers({ a, k: count, threads }),
  whole: (a, count) => byIntegers({ a, k: count, threads, forced: { plan: wholeRows(d) } }),
  rows: async (a) => {
    const { nearest, opposed } = await nearestRows(a, { threads });
    return { nearest: Array.from(nearest), opposed: Array.from(opposed) };
  },
  census: async (a, count) => {
    const found = await searchPairs({ a, k: count, threads, countBelow: [] });
    if (found.census.histogram.length !== bins) throw new Error(`the census has other bins than ${bins}`);
    return { ...ends(found), histogram: Array.from(found.census.histogram) };
  },
};

/** Seconds that all cores of the machine were busy since it started; nothing outside Linux. */
function busy() {
  if (!existsSync('/proc/stat')) return undefined;
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1, 9).map(Number);
  const [user, nice, system, , , irq, softirq, steal] = fields;
  const TICKS_A_SECOND = 100;
  return (user + nice + system + irq + softirq + steal) / TICKS_A_SECOND;
}

const matrix = allocateMatrix(n, d);
const file = openSync(rows, 'r');
const chunk = new Uint8Array(2 ** 24);
for (let at = 0; at < matrix.data.byteLength; ) {
  const length = readSync(file, chunk);
  if (length === 0) throw new Error(`${rows} ends after ${at} bytes`);
  new Uint8Array(matrix.data.buffer).set(chunk.subarray(0, length), at);
  at += length;
}
const whole = toFeatureMatrix(matrix);
if (warmUp > 0) {
  const part = toFeatureMatrix({ data: matrix.data.subarray(0, warmUp * d), rows: warmUp, cols: d });
  await METHODS[method](part, Math.min(k, 10));
}
const [start, busyBefore, usage] = [performance.now(), busy(), process.cpuUsage()];
const found = await METHODS[method](whole, k);
const took = seconds(start);
const { user, system } = process.cpuUsage(usage);
const cpu = (user + system) / 1e6;
giveBack({
  seconds: took,
  cpu,
  others: busyBefore === undefined ? null : Math.max(0, busy() - busyBefore - cpu),
  peak: (process.resourceUsage().maxRSS * 1024) / 1e6,
  ...found,
});
