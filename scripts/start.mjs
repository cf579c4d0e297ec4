/** @file `npm start`: the article's whole experiment on the embedded default, as a user would run it. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = ['run', join('experiments', 'organism.yaml')];

console.log(`\n$ antipode ${args.join(' ')}\n`);
const { error, signal, status } = spawnSync(
  process.execPath,
  [join(root, 'dist', 'cli', 'main.js'), ...args],
  {
    stdio: 'inherit',
    cwd: root,
  },
);
if (error) throw error;
if (signal !== null) process.kill(process.pid, signal);
process.exitCode = status ?? 1;
