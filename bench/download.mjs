/**
 * @file Downloading: antipode, which hashes and links into the cache, against `curl`, which only writes, and against both steps one after the other, each in a fresh process, in turn, 300 MB from this
 * machine to one disk; then against `curl` alone from a server that sends 300 and 125 MB a second, as networks do, where the hash must cost nothing.
 * Usage: npm run bench:download [-- ROUNDS [MEGABYTES]]. Needs curl and openssl. Prints medians, processor time and whether the aims are met: a throughput of 0.85 of curl alone, 0.95 of it on a network,
 * below 150 MB of memory. Ends with 1 where one is missed. The aims are for a machine that does nothing else.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const AIMS = { alone: 0.85, network: 0.95, megabytes: 150 };
const RATES = ['300', '125'];

const rounds = Number(process.argv[2] ?? 9);
const byteLength = Number(process.argv[3] ?? 300) * 1e6;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const server = spawn(process.execPath, [here('download_server.mjs'), String(byteLength)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const { port, sha256 } = JSON.parse(
  String(await new Promise((resolve) => server.stdout.once('data', resolve))),
);
const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? process.cwd(), 'bench-download-'));

const antipode = (url) => {
  const env = { PATH: process.env['PATH'], HOME: folder, HF_HOME: join(folder, 'hf'), HF_ENDPOINT: url };
  return JSON.parse(String(execFileSync(process.execPath, [here('download_antipode.mjs')], { env })));
};
const curl = (url) => {
  const path = join(folder, 'curl.npz');
  const words = ['-sSL', '-o', path, '-w', '%{time_total}', `${url}/org/name/resolve/main/params.npz`];
  const before = childSeconds();
  const seconds = Number(String(execFileSync('curl', words)));
  return { seconds, cpu_seconds: childSeconds() - before, path };
};
const curlAndHash = (url) => {
  const { seconds, cpu_seconds, path } = curl(url);
  const [start, before] = [performance.now(), childSeconds()];
  execFileSync('openssl', ['dgst', '-sha256', path]);
  const more = (performance.now() - start) / 1000;
  return { seconds: seconds + more, cpu_seconds: cpu_seconds + childSeconds() - before, path };
};

/** Of processor time that ended children of this process used; NaN where the system has no list of processes. */
function childSeconds() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return Number.NaN;
  }
}

const median = (values) => values.toSorted((x, y) => x - y)[values.length >> 1];

/** @returns seconds of each by turns, round by round */
function inTurn(peers, url, count) {
  const runs = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
  for (let round = -1; round < count; round++) {
    for (const [name, run] of Object.entries(peers)) {
      const result = run(url);
      if (round === -1 && createHash('sha256').update(readFileSync(result.path)).digest('hex') !== sha256) {
        throw new Error(`${name}: other bytes came`);
      }
      if (round >= 0) runs[name].push(result);
      rmSync(join(folder, 'hf'), { recursive: true, force: true });
      rmSync(join(folder, 'curl.npz'), { force: true });
    }
  }
  return runs;
}

function show(runs) {
  for (const [name, results] of Object.entries(runs)) {
    const seconds = results.map((result) => result.seconds);
    const span = `[${Math.min(...seconds).toFixed(3)}..${Math.max(...seconds).toFixed(3)}]`;
    const peak = Math.max(...results.map((result) => result.peak_mb ?? 0));
    const memory = peak > 0 ? `, peak ${peak.toFixed(0)} MB` : '';
    const rate = (byteLength / 1e6 / median(seconds)).toFixed(0);
    const cpu = median(results.map((result) => result.cpu_seconds)).toFixed(2);
    console.log(
      `  ${name.padEnd(31)} median ${median(seconds).toFixed(3)} s ${span}, ${rate} MB/s, processor ${cpu} s${memory}`,
    );
  }
}

/** Pair by pair, so that what slows the machine slows both. */
function throughput(runs, peer) {
  const ratio = median(runs[peer].map((result, i) => result.seconds / runs.antipode[i].seconds));
  console.log(`  throughput against ${peer}, pair by pair: ${ratio.toFixed(2)}`);
  return ratio;
}

const misses = [];
const aim = (what, isMet) => {
  if (!isMet) misses.push(what);
};

try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${byteLength / 1e6} MB, ${rounds} rounds after one warm-up, load ${readLoad()}`,
  );
  const base = `http://127.0.0.1:${port}`;
  console.log('as fast as the server sends:');
  const runs = inTurn({ antipode, curl, 'curl, then openssl dgst -sha256': curlAndHash }, base, rounds);
  show(runs);
  aim('0.85 of curl alone', throughput(runs, 'curl') >= AIMS.alone);
  throughput(runs, 'curl, then openssl dgst -sha256');
  aim('below 150 MB', Math.max(...runs.antipode.map((run) => run.peak_mb)) < AIMS.megabytes);
  for (const rate of RATES) {
    console.log(`from a server that sends ${rate} MB a second:`);
    const paced = inTurn({ antipode, curl }, `${base}/${rate}`, Math.min(rounds, 5));
    show(paced);
    aim(`${AIMS.network} of curl at ${rate} MB/s`, throughput(paced, 'curl') >= AIMS.network);
  }
  console.log(misses.length === 0 ? 'all aims are met' : `missed: ${misses.join(', ')}`);
  if (misses.length > 0) process.exitCode = 1;
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}

/** Of the last minute. */
function readLoad() {
  try {
    return readFileSync('/proc/loadavg', 'utf8').split(' ')[0];
  } catch {
    return 'unknown';
  }
}
