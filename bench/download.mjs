/**
 * @file Downloading: antipode, which hashes and links into the cache, against `curl`, which only writes, and against both steps one after the other, each in a fresh process, in turn, 300 MB from this
 * machine to one disk. Usage: npm run bench:download [-- ROUNDS [MEGABYTES]]. Needs curl and openssl. Prints medians and checks what came.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.argv[2] ?? 5);
const byteLength = Number(process.argv[3] ?? 300) * 1e6;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const server = spawn(process.execPath, [here('download_server.mjs'), String(byteLength)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const { port, sha256 } = JSON.parse(
  String(await new Promise((resolve) => server.stdout.once('data', resolve))),
);
const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? process.cwd(), 'bench-download-'));
const url = `http://127.0.0.1:${port}`;

const peers = {
  antipode: () => {
    const env = { PATH: process.env['PATH'], HOME: folder, HF_HOME: join(folder, 'hf'), HF_ENDPOINT: url };
    return JSON.parse(String(execFileSync(process.execPath, [here('download_antipode.mjs')], { env })));
  },
  curl: () => {
    const path = join(folder, 'curl.npz');
    const words = ['-sSL', '-o', path, '-w', '%{time_total}', `${url}/org/name/resolve/main/params.npz`];
    return { seconds: Number(String(execFileSync('curl', words))), peak_mb: Number.NaN, path };
  },
  'curl, then openssl dgst -sha256': () => {
    const { seconds, path } = peers.curl();
    const start = performance.now();
    execFileSync('openssl', ['dgst', '-sha256', path]);
    return { seconds: seconds + (performance.now() - start) / 1000, peak_mb: Number.NaN, path };
  },
};

const runs = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
try {
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries(peers)) {
      const result = run();
      if (round === -1 && createHash('sha256').update(readFileSync(result.path)).digest('hex') !== sha256) {
        throw new Error(`${name}: other bytes came`);
      }
      if (round >= 0) runs[name].push(result);
      rmSync(join(folder, 'hf'), { recursive: true, force: true });
      rmSync(join(folder, 'curl.npz'), { force: true });
    }
  }
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}

const median = (values) => values.toSorted((x, y) => x - y)[values.length >> 1];
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${byteLength / 1e6} MB, ${rounds} rounds after one warm-up`,
);
for (const [name, results] of Object.entries(runs)) {
  const seconds = results.map((result) => result.seconds);
  const span = `[${Math.min(...seconds).toFixed(3)}..${Math.max(...seconds).toFixed(3)}]`;
  const peak = Math.max(...results.map((result) => result.peak_mb));
  const memory = Number.isNaN(peak) ? '' : `, peak ${peak.toFixed(0)} MB`;
  const rate = (byteLength / 1e6 / median(seconds)).toFixed(0);
  console.log(`${name.padEnd(31)} median ${median(seconds).toFixed(3)} s ${span}, ${rate} MB/s${memory}`);
}
for (const [name, results] of Object.entries(runs).slice(1)) {
  const ratio = median(results.map((result, i) => result.seconds / runs.antipode[i].seconds));
  console.log(`throughput against ${name}, pair by pair: ${ratio.toFixed(2)}`);
}
