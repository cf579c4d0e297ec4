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
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .sort();
const asc = join(
  dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
  'bin',
  'asc.js',
);
// The class that describes a tile is for the sources alone: nothing of it is exported, which is worth no warning.
const quiet = ['--disableWarning', 'AS235'];
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', 'simd', ...quiet];
const result = spawnSync(process.execPath, [asc, ...sources, '--outFile', out, ...options], {
  cwd: folder,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
