/**
 * @file `npm start`: antipode on its embedded default. The geometry of both SAEs against all pairs, then what the model answers as it is and steered
 * along the features that its card recommends.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const card = JSON.parse(readFileSync(join(root, 'organism', 'card.json'), 'utf8'));
const SAES = card.saes.map(({ id }) => id);
const REPLIES = 3;

/** Runs a command, shown as a user would type it, and ends with its exit code where it fails. */
function run(args) {
  console.log(
    `\n$ antipode ${args.map((arg) => (/^[\w./:+,-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}\n`,
  );
  const { error, signal, status } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'cli', 'main.js'), ...args],
    {
      stdio: 'inherit',
    },
  );
  if (error) throw error;
  if (signal !== null) process.kill(process.pid, signal);
  if (status !== 0) process.exit(status);
}

run(['geometry', ...SAES.flatMap((id) => ['--sae', id]), '--out', 'runs/organism']);

const names = [card.steering.a.pole, card.steering.b.pole].join(':');
run(['steer', '--pair', names, '--replies', String(REPLIES)]);
