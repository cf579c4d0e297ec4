/**
 * @file Loading: antipode against `numpy.load` + transpose + normalise, each run in a fresh process, in turn, on the same 302 MB file.
 * Usage: npm run bench:load [-- ROUNDS]. Needs python3 with numpy. Prints medians and checks that both computed the same matrices.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { ensureSynthetic, syntheticFiles } from '../dist/sae/synthetic_file.js';

const rounds = Number(process.argv[2] ?? 7);
await ensureSynthetic({ env: process.env, avoid: new Set() });
const { weights } = syntheticFiles(process.env);
const indices = Array.from({ length: 1000 }, (_, i) => (i * 37_717_919) % (16384 * 2304)).join(',');
// Debian's OpenBLAS misreads recent CPUs; the peer gets the right kernels and all cores.
const env = { ...process.env, OPENBLAS_CORETYPE: process.env['OPENBLAS_CORETYPE'] ?? 'SkylakeX' };
const peers = {
  antipode: () =>
    execFileSync(process.execPath, [
      new URL('load_antipode.mjs', import.meta.url).pathname,
      weights,
      indices,
    ]),
  numpy: () =>
    execFileSync('python3', [new URL('load_numpy.py', import.meta.url).pathname, weights, indices], { env }),
};

const runs = { antipode: [], numpy: [] };
for (let round = -1; round < rounds; round++) {
  for (const [name, run] of Object.entries(peers)) {
    const result = JSON.parse(run().toString());
    if (round >= 0) runs[name].push(result);
  }
}
const median = (values) => values.toSorted((x, y) => x - y)[values.length >> 1];
const worst = Math.max(
  ...runs.antipode[0].values.map((value, i) => Math.abs(value - runs.numpy[0].values[i])),
);
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${rounds} rounds after one warm-up, file in the page cache`,
);
for (const [name, results] of Object.entries(runs)) {
  const seconds = results.map((result) => result.seconds);
  const span = `[${Math.min(...seconds).toFixed(2)}..${Math.max(...seconds).toFixed(2)}]`;
  const peak = median(results.map((result) => result.peak_mb)).toFixed(0);
  console.log(`${name.padEnd(9)} median ${median(seconds).toFixed(2)} s ${span}, peak ${peak} MB`);
}
const ratio = median(runs.numpy.map((result, i) => result.seconds / runs.antipode[i].seconds));
console.log(
  `numpy / antipode, pair by pair: ${ratio.toFixed(2)}; largest difference of 2,000 sampled values: ${worst.toExponential(1)}`,
);
if (!(worst < 1e-6)) process.exit(1);
