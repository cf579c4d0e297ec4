/** @file Compiles src/ to dist/, copies the search kernels beside it and marks the command executable. Stale outputs of deleted sources are removed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

if (existsSync(dist)) {
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
    const output = join(entry.parentPath, entry.name);
    const source = join(root, 'src', output.slice(dist.length + 1).replace(/\.js$/, '.ts'));
    if (existsSync(source)) continue;
    for (const suffix of ['.js', '.js.map', '.d.ts'])
      rmSync(output.replace(/\.js$/, suffix), { force: true });
  }
}

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
const kernels = join('search', 'kernels');
mkdirSync(join(dist, kernels), { recursive: true });
copyFileSync(join(root, 'src', kernels, 'kernels.wasm'), join(dist, kernels, 'kernels.wasm'));
chmodSync(join(dist, 'cli', 'main.js'), 0o755);
