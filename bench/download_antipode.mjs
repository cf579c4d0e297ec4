/** @file One measured download into a cache, in a process of its own; endpoint and cache come by the environment. Prints one JSON line. */
import { readFileSync } from 'node:fs';
import { downloadHfFile } from '../dist/hub/hf_download.js';
import { createHttp } from '../dist/hub/http.js';

const http = createHttp(process.env);
const before = process.cpuUsage();
const start = performance.now();
const { path } = await downloadHfFile(
  process.env,
  { repoId: 'org/name', path: 'params.npz' },
  { http, onProgress: () => {} },
);
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
const cpu_seconds = (user + system) / 1e6;
// The system's own maximum begins with the memory of the process that started this one.
const [, kilobytes = 'NaN'] = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
const peak_mb = (Number(kilobytes) * 1024) / 1e6;
console.log(JSON.stringify({ seconds, cpu_seconds, peak_mb, path }));
