/**
 * @file Generation with a model of Gemma 2 2B's shapes: antipode in its precisions beside llama.cpp (node-llama-cpp), on the same random weights, token
 * ids and threads. Every measurement is a fresh process; the two sides take turns.
 * Usage: npm ci --prefix bench/peers; npm run bench:generate [-- --rounds 5 --modes exact,f32,q8,q4 --peers q8_0,q4_0 --layers 26 --threads 2
 *   --prompts 64,512 --steps 32 --pairs 8 --folder DIR --json FILE --requantise]
 * Needs 15 GB of disk below --folder (default: the cache folder), 16 GB of memory for f32. Files that are there already are used again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { antipodeCacheDir } from '../dist/hub/cache_dirs.js';
import { compareLogits, report } from './generate_report.mjs';
import { lastLine } from './generate_task.mjs';
import { ensureGguf } from './peers/gemma2_gguf.mjs';
import { GEMMA_2_2B_LAYERS } from './shapes.mjs';
import { ensureCheckpoint } from './shapes_checkpoint.mjs';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    modes: { type: 'string', default: 'q8,q4,exact,f32' },
    peers: { type: 'string', default: 'q8_0,q4_0' },
    layers: { type: 'string', default: String(GEMMA_2_2B_LAYERS) },
    threads: { type: 'string', default: String(availableParallelism()) },
    prompts: { type: 'string', default: '64,512' },
    steps: { type: 'string', default: '32' },
    pairs: { type: 'string', default: '8' },
    folder: { type: 'string', default: join(antipodeCacheDir(process.env), 'bench') },
    json: { type: 'string' },
    requantise: { type: 'boolean', default: false },
  },
});
const list = (text) => text.split(',').filter((item) => item !== '');
const [modes, peers] = [list(flags.modes), list(flags.peers)];
const [rounds, layers, threads, steps, pairs] = ['rounds', 'layers', 'threads', 'steps', 'pairs'].map(
  (name) => Number(flags[name]),
);
const prompts = list(flags.prompts).map(Number);
for (const count of [rounds, layers, threads, steps, pairs, ...prompts]) {
  if (!(Number.isInteger(count) && count >= 1))
    throw new Error(`a number from 1 on was expected, got ${count}`);
}
/** Positions whose logits are compared. */
const CHECKED = 16;

const parent = resolve(flags.folder);
const cacheDir = join(parent, 'quantised');
const logitsDir = join(parent, 'logits');
mkdirSync(logitsDir, { recursive: true });
const program = (name) => fileURLToPath(new URL(name, import.meta.url));
if (peers.length > 0 && !existsSync(program('peers/node_modules/node-llama-cpp'))) {
  throw new Error('the peer is not installed: npm ci --prefix bench/peers, or --peers "" for none');
}

const progress = (what) => (share) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${what} ${(100 * share).toFixed(0)} % `);
};
const folder = await ensureCheckpoint({ parent, layers, onProgress: progress('writing weights') });
const paths = {};
for (const type of peers) paths[type] = await ensureGguf({ folder, type, onProgress: progress(type) });

const common = { threads, prompts, steps, pairs };
const sides = {
  ...Object.fromEntries(
    modes.map((precision) => [
      precision,
      { file: 'generate_antipode.mjs', task: { ...common, folder, precision, cacheDir } },
    ]),
  ),
  ...Object.fromEntries(
    peers.map((type) => [type, { file: 'peers/llama_cpp.mjs', task: { ...common, path: paths[type] } }]),
  ),
};
// A precision and its counterpart follow each other.
const order = modes.flatMap((mode) => [mode, ...peers.filter((type) => type === `${mode}_0`)]);
order.push(...peers.filter((type) => !order.includes(type)));

function run(name, more) {
  const { file, task } = sides[name];
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${name} ${more.work}\n`);
  const child = spawnSync(process.execPath, [program(file), JSON.stringify({ ...task, ...more })], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${name}: ${child.signal ?? `exit code ${child.status}`}`);
  return lastLine(child.stdout);
}

if (flags.requantise) rmSync(cacheDir, { recursive: true, force: true });
const [firstUse, checks] = [{}, {}];
for (const name of order) {
  const opened = run(name, { work: 'open' });
  if (opened.quantised) firstUse[name] = opened.load;
  const logitsFile = join(logitsDir, `${name}.f32`);
  run(name, { work: 'check', prompts: [CHECKED], logitsFile });
  checks[name] = readLogits(logitsFile);
}
rmSync(logitsDir, { recursive: true });

const results = Object.fromEntries(order.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const name of order) results[name].push(run(name, { work: 'measure' }));
}

const peerPackage = program('peers/node_modules/node-llama-cpp/package.json');
const outcome = {
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    peer: peers.length > 0 ? `node-llama-cpp ${JSON.parse(readFileSync(peerPackage, 'utf8')).version}` : null,
  },
  settings: { layers, rounds, ...common, checked: CHECKED, ggufBytes: sizesOf(paths) },
  firstUse,
  logits: compareLogits(checks),
  results,
};
const { lines, isRight } = report(outcome);
console.log(lines.join('\n'));
if (flags.json) writeFileSync(flags.json, `${JSON.stringify(outcome, null, 1)}\n`);
if (!isRight) process.exit(1);

function readLogits(file) {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function sizesOf(files) {
  return Object.fromEntries(Object.entries(files).map(([name, path]) => [name, statSync(path).size]));
}
