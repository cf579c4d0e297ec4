/** @file One measured load, in a process of its own: params.npz to two normalised feature-major matrices. Prints one JSON line. */
import { openSae } from '../dist/sae/open.js';
import { normalizeRows } from '../dist/tensor/unit_rows.js';

const [path, indices] = process.argv.slice(2);
const start = performance.now();
const sae = await openSae(path, { env: process.env, cwd: process.cwd() });
const encoder = normalizeRows(await sae.readSpace('encoder'));
const decoder = normalizeRows(await sae.readSpace('decoder'));
const seconds = (performance.now() - start) / 1000;
await sae.close();
const sample = indices.split(',').map(Number);
const values = [encoder, decoder].flatMap(({ data }) => sample.map((index) => data[index]));
console.log(JSON.stringify({ seconds, peak_mb: process.resourceUsage().maxRSS / 1000, values }));
