/**
 * @file What `antipode geometry` costs on the full-size dictionary (302 MB): wall time and peak memory of the whole command, in fresh processes.
 * Usage: npm run bench:geometry [-- ROUNDS]
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { ensureSynthetic } from '../dist/sae/synthetic_file.js';

const rounds = Number(process.argv[2] ?? 5);
await ensureSynthetic({ env: process.env, avoid: new Set() });
const main = new URL('../dist/cli/main.js', import.meta.url).href;
/** The command itself, in a process that reports its own peak memory when it ends. */
const script = `
process.on('exit', () => process.stderr.write('PEAK ' + process.resourceUsage().maxRSS / 1000));
process.argv.splice(1, 0, 'antipode');
await import(${JSON.stringify(main)});`;
const geometry = ['geometry', '--sae', 'synthetic-16k', '--concepts', 'article-10', '-q'];
const cases = {
  'pairs of one matrix, rows alone': [...geometry, '--only', 'pairs', '--spaces', 'decoder'],
  'load + pairs + random + self': [...geometry, '--only', 'pairs,random,self'],
  'everything, 2 x 134,209,536 pairs': geometry,
  '--help': ['geometry', '--help'],
};

const median = (values) => values.toSorted((x, y) => x - y)[values.length >> 1];
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.versions.node}, ${rounds} rounds after one warm-up`,
);
for (const [name, args] of Object.entries(cases)) {
  const [seconds, peaks] = [[], []];
  for (let round = -1; round < rounds; round++) {
    const start = performance.now();
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(run.stderr);
    if (round < 0) continue;
    seconds.push((performance.now() - start) / 1000);
    peaks.push(Number(run.stderr.match(/PEAK ([\d.]+)/)?.[1]));
  }
  const span = `[${Math.min(...seconds).toFixed(2)}..${Math.max(...seconds).toFixed(2)}]`;
  console.log(
    `${name.padEnd(34)} median ${median(seconds).toFixed(2)} s ${span}, peak ${median(peaks).toFixed(0)} MB`,
  );
}
