/**
 * @file Compiles src/search/kernels/*.ts (AssemblyScript) to src/search/kernels/kernels.wasm, or to the file named as argument. The result is
 * committed; a test holds it to its sources. Run it with `npm run build:kernels` after a change there, and commit both.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'src', 'search', 'kernels');
const out = resolve(process.argv[2] ?? join(folder, 'kernels.wasm'));
/** What the others import: compiled with them, and has nothing to export to JavaScript. */
const SHARED = ['tile.ts', 'words.ts'];
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && !SHARED.includes(name))
  .sort();
const asc = join(
  dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
  'bin',
  'asc.js',
);
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', 'simd'];
const result = spawnSync(process.execPath, [asc, ...sources, '--outFile', out, ...options], {
  cwd: folder,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
