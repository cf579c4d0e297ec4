/**
 * @file All pairs of a dictionary beside numpy, torch and FAISS: the same rows, a process for every measured call, the methods in turn, wall time of the call inside the process,
 * after a warm-up on the first 2,048 rows. In the same run numpy computes every cosine in float64, and each method's indices are compared with that.
 * Usage: npm run bench:search [-- --only "struct, k = 10" --n 16384,65536 --d 2304 --rounds 5 --threads 2 --peers expert,faiss --python /usr/bin/python3 --libraries DIR
 * --faiss DIR --folder DIR --json FILE]. Prints tables in Markdown; fails where antipode is not exact. Where there is a C compiler, the speed that the
 * cores cannot pass is measured first (search_peak.c).
 * --only takes names of questions or parts of them, separated by `;`; without it all are asked, and "struct, k = 10, large" is one of 65,536 rows (604 MB, and minutes of float64). --libraries names a folder with another libblas.so.3 (that of the unpacked package libopenblas0-pthread), --faiss
 * one to look for Python modules in (that of python3-faiss), --folder one for the rows (302 MB for 32,768 of width 2,304), which goes when the run ends.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lastLine } from './generate_task.mjs';
import { exactness, exponent, median, QUESTIONS } from './search_questions.mjs';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    n: { type: 'string', default: '16384' },
    d: { type: 'string', default: '2304' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    peers: { type: 'string' },
    seed: { type: 'string', default: '1' },
    python: { type: 'string', default: '/usr/bin/python3' },
    libraries: { type: 'string' },
    faiss: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
  },
});
const [d, rounds, threads] = ['d', 'rounds', 'threads'].map((name) => Number(flags[name]));
const sizes = flags.n.split(',').map(Number);
for (const count of [d, rounds, threads, ...sizes]) {
  if (!(Number.isInteger(count) && count >= 1))
    throw new Error(`a number from 1 on was expected, got ${count}`);
}
const WARM_UP_ROWS = 2048;
const BINS = 1024;

// The peer gets the right kernels (Debian's OpenBLAS misreads recent CPUs), all cores, and threads that do not spin against each other.
const peerEnv = {
  ...process.env,
  OPENBLAS_CORETYPE: process.env['OPENBLAS_CORETYPE'] ?? 'SkylakeX',
  OPENBLAS_NUM_THREADS: String(threads),
  OMP_NUM_THREADS: String(threads),
  ...(flags.libraries && { LD_LIBRARY_PATH: flags.libraries }),
  ...(flags.faiss && { PYTHONPATH: flags.faiss }),
};
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

function run(program, words) {
  const isPeer = program.endsWith('.py');
  const child = spawnSync(isPeer ? flags.python : process.execPath, [here(program), ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(isPeer && { env: peerEnv }),
  });
  if (child.status !== 0)
    throw new Error(`${program} ${words}: ${child.signal ?? `exit code ${child.status}`}`);
  return child.stdout;
}

/** Versions of what can be imported, and how fast numpy multiplies here, 2 * 1024 * 1024 * 2304 operations at a time. */
function describePeers() {
  const program = `
import importlib, json, time
found = {}
for name in ("numpy", "torch", "faiss"):
    try: found[name] = importlib.import_module(name).__version__
    except ImportError: pass
import numpy as np
a, b = np.random.rand(2, 1024, 2304).astype(np.float32)
times = []
for _ in range(20):
    start = time.perf_counter()
    a @ b.T
    times.append(time.perf_counter() - start)
print(json.dumps({"found": found, "gflops": 2 * 1024 * 1024 * 2304 / min(times) / 1e9}))`;
  const child = spawnSync(flags.python, ['-c', program], { encoding: 'utf8', env: peerEnv });
  if (child.status !== 0) throw new Error(`${flags.python} has no numpy\n${child.stderr}`);
  return JSON.parse(child.stdout);
}

/** Operations a second that the cores do on registers alone, by kind; undefined where no C compiler for x86 is at hand. */
function measurePeak(folder) {
  const program = join(folder, 'search_peak');
  const built = spawnSync('cc', ['-O2', '-march=native', '-pthread', here('search_peak.c'), '-o', program]);
  if (built.status !== 0) return undefined;
  const child = spawnSync(program, [String(threads)], { encoding: 'utf8' });
  return child.status === 0 ? JSON.parse(child.stdout) : undefined;
}

const folder = mkdtempSync(join(flags.folder, 'antipode-bench-search-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
process.on('SIGINT', () => process.exit(130));
const { found: modules, gflops } = describePeers();
const peak = measurePeak(folder);
const peaks = Object.entries(peak ?? {}).map(([kind, speed]) => `${(speed / 1e9).toFixed(0)} in ${kind}`);
const versions = Object.entries(modules).map((one) => one.join(' '));
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}; ${versions.join(', ')} (products of float32: ${gflops.toPrecision(3)} GFLOP/s); width ${d}, ${threads} threads, ${rounds} rounds, a process for each call`,
);
if (peak)
  console.log(`The cores do at most, in thousand millions of operations a second: ${peaks.join(', ')}.`);
const parts = flags.only.split(';').map((part) => part.trim());
const isName = (part) => QUESTIONS.some(({ name }) => name === part);
const questions = QUESTIONS.filter(({ name }) =>
  parts.some((part) => (isName(part) ? name === part : name.includes(part))),
);
if (questions.length === 0)
  throw new Error(
    `no question is called like that; there are: ${QUESTIONS.map(({ name }) => name).join('; ')}`,
  );

function methodsOf({ ours, peers }) {
  const wanted = flags.peers?.split(',');
  const methods = ours.map((name) => ({ name, program: 'search_antipode.mjs' }));
  for (const [name, { needs, goal }] of Object.entries(peers)) {
    if (wanted && !wanted.includes(name)) continue;
    if (modules[needs]) methods.push({ name, goal, program: 'search_peers.py' });
    else console.log(`(${flags.python} has no ${needs}: ${name} is left out)`);
  }
  return methods;
}

function measure(question, methods, task) {
  const results = Object.fromEntries(methods.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Taking turns at going first, so that whatever else happens on the machine weighs on all alike.
    for (let turn = 0; turn < methods.length; turn++) {
      const { name, program } = methods[(round + turn) % methods.length];
      const isFirstCall = name === 'first call';
      results[name].push(
        lastLine(
          run(program, [
            JSON.stringify({
              ...task,
              method: isFirstCall ? question.ours[0] : name,
              warmUp: isFirstCall ? 0 : Math.min(task.n, WARM_UP_ROWS),
            }),
          ]),
        ),
      );
    }
  }
  return results;
}

const figures = (value) => (value < 10 ? value.toPrecision(2) : value.toFixed(0));
const span = (values) => `${figures(Math.min(...values))}..${figures(Math.max(...values))}`;

/** One line of the table. Ratios are of the two calls of each round, their median; goals stand beside them. */
function show({ name, goal, program }, results, reference, truth, { n, k }) {
  const runs = results[name];
  const times = runs.map(({ seconds }) => seconds);
  const isPeer = program.endsWith('.py');
  const ratio = median(runs.map(({ seconds }, round) => seconds / reference[round].seconds));
  const cpuRatio = median(runs.map(({ cpu }, round) => cpu / reference[round].cpu));
  const others = runs.map((one) => (one.others === null ? Number.NaN : one.others / one.seconds));
  const wrong = runs.map((one) => exactness(one, truth, k));
  const worst = wrong.toSorted((a, b) => b.mismatches - a.mismatches)[0];
  const cells = [
    isPeer ? name : `antipode, ${name}`,
    `${figures(median(times))} [${span(times)}]`,
    `${figures(ratio)}x${goal ? ` (goal ${goal}x)` : ''}`,
    `${figures(median(runs.map(({ cpu }) => cpu)))} (${figures(cpuRatio)}x)`,
    figures((n * (n - 1) * d) / median(times) / 1e9),
    median(runs.map(({ peak }) => peak)).toFixed(0),
    worst.text,
    median(others).toFixed(2),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  return isPeer || worst.isExact;
}

const outcome = [];
let isRight = true;
for (const kind of new Set(questions.map((one) => one.kind))) {
  const sizesOf = (question) => (question.n ? [question.n] : sizes);
  const ofKind = questions.filter((one) => one.kind === kind);
  for (const n of new Set(ofKind.flatMap(sizesOf))) {
    const asked = ofKind.filter((one) => sizesOf(one).includes(n));
    const rows = join(folder, `${kind}-${n}.f32`);
    run('search_data.py', ['make', JSON.stringify({ kind, n, d, seed: Number(flags.seed), rows })]);
    const wants = {
      n,
      d,
      rows,
      k: Math.max(...asked.map(({ k }) => k)),
      withRows: asked.some(({ ours }) => ours.includes('rows')),
      bins: asked.some(({ ours }) => ours.includes('census')) ? BINS : 0,
    };
    const truth = lastLine(run('search_data.py', ['truth', JSON.stringify(wants)]));
    for (const question of asked) {
      const methods = methodsOf(question);
      console.log(
        `\n${question.name}, n = ${n}\n\n| method | s [min..max] | times antipode's | CPU s (times antipode's) | GFLOP/s if all pairs were multiplied | peak MB | against float64 | cores others used |\n|---|---|---|---|---|---|---|---|`,
      );
      const { k } = question;
      const results = measure(question, methods, { n, d, k, rows, threads, bins: BINS });
      const reference = results[question.ours[0]];
      for (const method of methods) isRight = show(method, results, reference, truth, { n, k }) && isRight;
      outcome.push({
        question: question.name,
        n,
        results: Object.fromEntries(
          Object.entries(results).map(([name, runs]) => [
            name,
            runs.map(({ seconds, cpu, others, peak }) => ({ seconds, cpu, others, peak })),
          ]),
        ),
      });
    }
    rmSync(rows);
  }
}
if (sizes.length > 1) {
  console.log('\nSeconds grow with n to the power of:\n');
  for (const { name, n } of questions) {
    if (n) continue;
    const points = outcome.filter(({ question }) => question === name);
    for (const method of Object.keys(points[0].results)) {
      const slope = exponent(
        points.map(({ n, results }) => [n, median(results[method].map(({ seconds }) => seconds))]),
      );
      console.log(`- ${name}, ${method}: ${slope.toFixed(2)}`);
    }
  }
}
if (flags.json)
  writeFileSync(
    flags.json,
    `${JSON.stringify({ versions, gflops, peak, d, threads, rounds, outcome }, null, 1)}\n`,
  );
if (!isRight) process.exit(1);
