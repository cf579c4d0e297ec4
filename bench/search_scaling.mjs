/**
 * @file How the time of an exhaustive search grows with the number of rows, and where leaving out coordinates stops paying: the search as it plans itself beside one that is told to
 * multiply whole rows, a process for every call, in turn. Both are exact; that they answer alike to the last bit is checked in every round.
 * Usage: npm run bench:search-scaling [-- --n 4096,8192,16384,32768,65536 --d 2304 --k 10 --ks 10,100,400,1000 --kinds struct,aniso,aniso0.7,gauss --at 16384 --rounds 3 --threads 2
 * --whole-until 32768 --python /usr/bin/python3 --folder DIR --json FILE]. Prints two tables in Markdown: seconds by n for structured rows, and at one n by kind of rows and k.
 * `--whole-until` leaves the slow side out beyond that n. The kinds are those of search_data.py.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lastLine } from './generate_task.mjs';
import { exponent, median } from './search_questions.mjs';

const { values: flags } = parseArgs({
  options: {
    n: { type: 'string', default: '4096,8192,16384,32768,65536' },
    d: { type: 'string', default: '2304' },
    k: { type: 'string', default: '10' },
    ks: { type: 'string', default: '10,100,400,1000' },
    kinds: { type: 'string', default: 'struct,aniso,aniso0.7,gauss' },
    at: { type: 'string', default: '16384' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    'whole-until': { type: 'string', default: '32768' },
    seed: { type: 'string', default: '1' },
    python: { type: 'string', default: '/usr/bin/python3' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
  },
});
const numbers = (list) => list.split(',').filter(Boolean).map(Number);
const [d, rounds, threads, seed] = ['d', 'rounds', 'threads', 'seed'].map((name) => Number(flags[name]));
const WARM_UP_ROWS = 2048;

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(flags.folder, 'antipode-bench-scaling-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
process.on('SIGINT', () => process.exit(130));

function run(program, words) {
  const isPython = program.endsWith('.py');
  const child = spawnSync(isPython ? flags.python : process.execPath, [here(program), ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0)
    throw new Error(`${program} ${words}: ${child.signal ?? `exit code ${child.status}`}`);
  return child.stdout;
}

function withRows(kind, n, use) {
  const rows = join(folder, `${kind}-${n}.f32`);
  run('search_data.py', ['make', JSON.stringify({ kind, n, d, seed, rows })]);
  try {
    return use(rows);
  } finally {
    rmSync(rows);
  }
}

/** Runs of both methods, in turn. @throws where they do not answer alike */
function compare(rows, n, k, methods) {
  const task = { n, d, k, rows, threads, bins: 0, warmUp: Math.min(n, WARM_UP_ROWS) };
  const runs = Object.fromEntries(methods.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < methods.length; turn++) {
      const method = methods[(round + turn) % methods.length];
      runs[method].push(lastLine(run('search_antipode.mjs', [JSON.stringify({ ...task, method })])));
    }
  }
  const answers = new Set(
    Object.values(runs)
      .flat()
      .map(({ top, bottom }) => JSON.stringify({ top, bottom })),
  );
  if (answers.size !== 1) throw new Error(`${rows}, k = ${k}: plans answer differently`);
  const of = (name, field) => (runs[name] ? median(runs[name].map((one) => one[field])) : Number.NaN);
  const { plan, emitted, verified } = runs.planned[0];
  return {
    n,
    k,
    plan,
    emitted,
    verified,
    seconds: of('planned', 'seconds'),
    cpu: of('planned', 'cpu'),
    peak: of('planned', 'peak'),
    wholeSeconds: of('whole', 'seconds'),
    wholeCpu: of('whole', 'cpu'),
  };
}

const figures = (value) => (Number.isNaN(value) ? '' : value < 10 ? value.toPrecision(2) : value.toFixed(0));
const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
const table = (names) => {
  console.log('');
  row(names);
  row(names.map(() => '---'));
};

console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.versions.node}; width ${d}, ${threads} threads, ${rounds} rounds; load before ${loadavg()[0].toFixed(1)}`,
);
const sizes = numbers(flags.n);
const byRows = [];
if (sizes.length > 0) {
  const k = Number(flags.k);
  console.log(`\nStructured rows, k = ${k}`);
  table([
    'rows',
    'coordinates multiplied',
    's (CPU s)',
    'whole rows, s (CPU s)',
    'ns of a core per pair',
    'peak MB',
  ]);
  for (const n of sizes) {
    const methods = n <= Number(flags['whole-until']) ? ['planned', 'whole'] : ['planned'];
    const found = withRows('struct', n, (rows) => compare(rows, n, k, methods));
    byRows.push(found);
    row([
      n,
      found.plan.head,
      `${figures(found.seconds)} (${figures(found.cpu)})`,
      `${figures(found.wholeSeconds)} (${figures(found.wholeCpu)})`,
      figures((found.cpu * 1e9) / ((n * (n - 1)) / 2)),
      found.peak.toFixed(0),
    ]);
  }
  const slope = (field) =>
    exponent(byRows.filter((one) => one[field] > 0).map((one) => [one.n, one[field]])).toFixed(2);
  if (sizes.length > 1)
    console.log(
      `\nCPU seconds grow with n to the power of ${slope('cpu')}, with whole rows ${slope('wholeCpu')}.`,
    );
}
const byKind = [];
const at = Number(flags.at);
const ks = numbers(flags.ks);
if (ks.length > 0) {
  console.log(`\n${at} rows`);
  table([
    'rows',
    'k',
    'coordinates multiplied',
    'in question',
    'decided in float64',
    'CPU s',
    'whole rows, CPU s',
    'gain',
  ]);
  for (const kind of flags.kinds.split(',')) {
    withRows(kind, at, (rows) => {
      for (const k of ks) {
        const found = compare(rows, at, k, ['planned', 'whole']);
        byKind.push({ kind, ...found });
        row([
          kind,
          k,
          found.plan.head,
          found.emitted,
          found.verified,
          figures(found.cpu),
          figures(found.wholeCpu),
          `${figures(found.wholeCpu / found.cpu)}x`,
        ]);
      }
    });
  }
}
if (flags.json)
  writeFileSync(flags.json, `${JSON.stringify({ d, rounds, threads, byRows, byKind }, null, 1)}\n`);
