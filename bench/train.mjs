/**
 * @file Training steps beside torch: the same step on the same weights and data, interleaved, a process each, and the losses compared. A half is a file that
 * exports `cases`, `write` (inputs that both sides read), `programs` and `compare`.
 * Usage: npm run bench:train [-- --only sae,lm --rounds 5 --steps 20 --threads 2 --python /usr/bin/python3 --libraries DIR --filter 128x1024 --json FILE --no-peer]
 * Needs python3 with torch for the peer. How fast it multiplies stands in the first line: a torch on Debian's reference BLAS is a weak peer, and named so.
 * --libraries names a folder with another libblas.so.3, such as that of the unpacked package libopenblas0-pthread. The peer waits as OMP_WAIT_POLICY says,
 * PASSIVE where it says nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lastLine } from './generate_task.mjs';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: 'sae,lm' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '20' },
    threads: { type: 'string', default: String(availableParallelism()) },
    python: { type: 'string', default: '/usr/bin/python3' },
    libraries: { type: 'string' },
    filter: { type: 'string', default: '' },
    json: { type: 'string' },
    'no-peer': { type: 'boolean', default: false },
  },
});
const [rounds, steps, threads] = ['rounds', 'steps', 'threads'].map((name) => Number(flags[name]));
for (const count of [rounds, steps, threads]) {
  if (!(Number.isInteger(count) && count >= 1))
    throw new Error(`a number from 1 on was expected, got ${count}`);
}
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const halves = [];
for (const name of flags.only.split(',')) {
  if (existsSync(here(`train_${name}.mjs`))) halves.push(await import(`./train_${name}.mjs`));
}

// The peer gets the right kernels (Debian's OpenBLAS misreads recent CPUs), and threads that do not spin against each other.
const peerEnv = {
  ...process.env,
  OPENBLAS_CORETYPE: process.env['OPENBLAS_CORETYPE'] ?? 'SkylakeX',
  OMP_WAIT_POLICY: process.env['OMP_WAIT_POLICY'] ?? 'PASSIVE',
  OMP_NUM_THREADS: String(threads),
  ...(flags.libraries && { LD_LIBRARY_PATH: flags.libraries }),
};

function run(side, program, task) {
  const isPeer = program.endsWith('.py');
  const command = isPeer ? flags.python : process.execPath;
  const child = spawnSync(command, [here(program), JSON.stringify(task)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(isPeer && { env: peerEnv }),
  });
  if (child.status !== 0) throw new Error(`${side}: ${child.signal ?? `exit code ${child.status}`}`);
  return lastLine(child.stdout);
}

/** A core of any machine of the last ten years does more; the reference BLAS does 2 to 4. */
const LEAST_GFLOPS = 15;

/** Version of torch and how fast it multiplies, as a sentence. */
function describePeer() {
  const program = `
import time, torch
torch.set_num_threads(${threads})
a = torch.rand(1024, 1024)
times = []
for _ in range(20):
    start = time.perf_counter()
    a @ a
    times.append(time.perf_counter() - start)
print(torch.__version__, 2 * 1.024**3 / min(times))
`;
  const child = spawnSync(flags.python, ['-c', program], { encoding: 'utf8', env: peerEnv });
  if (child.status !== 0)
    throw new Error(`${flags.python} has no torch; --no-peer measures without it\n${child.stderr}`);
  const [version, gflops] = child.stdout.trim().split(' ');
  const speed = `${Number(gflops).toPrecision(3)} GFLOP/s, OMP_WAIT_POLICY=${peerEnv.OMP_WAIT_POLICY}`;
  if (Number(gflops) >= LEAST_GFLOPS) return `torch ${version} (${speed})`;
  return `torch ${version} (${speed}: a weak peer, on the reference BLAS; --libraries names a folder with a better one)`;
}

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const milliseconds = (value) => value.toFixed(value < 100 ? 1 : 0);

const folder = mkdtempSync(join(tmpdir(), 'antipode-bench-train-'));
const outcome = [];
let isRight = true;
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}; ${threads} threads, ${rounds} rounds of ${steps} steps, a process each; ${flags['no-peer'] ? 'no peer' : describePeer()}`,
);
console.log(
  'ms a step: median of the rounds’ medians [fastest step of all]; ratio: median of the rounds, pair by pair',
);
try {
  for (const half of halves) {
    for (const one of half.cases.filter(({ label }) => label.includes(flags.filter))) {
      const task = { ...one.task, folder, threads, steps };
      half.write(task);
      const sides = Object.entries(half.programs).filter(
        ([, program]) => !(flags['no-peer'] && program.endsWith('.py')),
      );
      const results = Object.fromEntries(sides.map(([side]) => [side, []]));
      for (let round = 0; round < rounds; round++) {
        // Taking turns at going first, so that warming up weighs on both alike.
        for (const [side, program] of round % 2 === 0 ? sides : sides.toReversed()) {
          results[side].push(run(side, program, task));
        }
      }
      const shown = sides.map(([side]) => {
        const medians = results[side].map(({ times }) => median(times));
        const fastest = Math.min(...results[side].flatMap(({ times }) => times));
        return `${side} ${milliseconds(median(medians))} [${milliseconds(fastest)}]`;
      });
      const [ours, peer] = sides.map(([side]) => results[side]);
      if (peer) {
        const ratio = median(ours.map(({ times }, i) => median(peer[i].times) / median(times)));
        const difference = half.compare(ours[0], peer[0]);
        const agrees = difference <= half.tolerance;
        isRight &&= agrees;
        shown.push(
          `${ratio.toFixed(2)}x`,
          `losses differ by ${difference.toExponential(1)}${agrees ? '' : ' (too much)'}`,
        );
      }
      console.log(`${one.label.padEnd(28)} ${shown.join('   ')}`);
      outcome.push({ label: one.label, task: one.task, results });
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (flags.json)
  writeFileSync(flags.json, `${JSON.stringify({ threads, rounds, steps, outcome }, null, 1)}\n`);
if (!isRight) process.exit(1);
