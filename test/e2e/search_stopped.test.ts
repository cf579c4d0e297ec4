/** @file A search that is kept in a file, stopped in every way: by kills at any moment, by Ctrl-C, by a full disk. The result is the one of a search that nothing stopped. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment, MAIN, makePlace, type Place } from '../support/run_command.ts';

const built = (file: string): string =>
  JSON.stringify(pathToFileURL(fileURLToPath(new URL(`../../dist/${file}`, import.meta.url))).href);

/**
 * A part of a search over seeded rows, told as often as a block ends. Prints `begun SHARE` and in the end its pairs.
 * Arguments: part, parts, threads, file, or `-` for none.
 */
const PROGRAM = `
import { extremes } from ${built('search/extremes.js')};
import { openPartKeeper, shareDone } from ${built('search/part_keeper.js')};
import { identifyRows } from ${built('search/row_identity.js')};
import { allocateMatrix, toFeatureMatrix } from ${built('tensor/matrix.js')};
import { createRng } from ${built('tensor/rng.js')};
const [index, count, threads, path] = process.argv.slice(2);
const [rows, cols, k] = [9000, 64, 400];
const matrix = allocateMatrix(rows, cols);
const rng = createRng(11, 'stopped');
for (let at = 0; at < rows * cols; at++) matrix.data[at] = rng.normal();
const a = toFeatureMatrix(matrix);
const shard = { index: Number(index), count: Number(count) };
let kept = {};
if (path !== '-') {
  const keeper = await openPartKeeper({ path, shown: path, shard, k, asked: {}, caller: {} });
  console.log('begun', shareDone(keeper, ['rows']));
  const from = keeper.begin({ name: 'rows', a: identifyRows(a), b: null, about: {} });
  kept = { from, onFound: (found) => keeper.save('rows', found), tellEvery: 0 };
}
const { top, bottom } = await extremes(a, { k, shard, threads: Number(threads), ...kept });
console.log(JSON.stringify({ top, bottom }));
`;

let place: Place;
let program: string;
beforeAll(() => {
  place = makePlace();
  program = join(place.cwd, 'search.mjs');
  writeFileSync(program, PROGRAM);
});
afterAll(() => place.remove());

interface Ran {
  readonly code: number | null;
  readonly lines: readonly string[];
}

function search(words: readonly (string | number)[], during?: (child: ChildProcess) => void): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words.map(String)], {
      cwd: place.cwd,
      env: environment(place),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines: stdout.trim().split('\n') }));
    during?.(child);
  });
}

/** Kills once the file was written `writes` times more, as far as looking tells, or `ms` after the search has begun. */
function killAfter(path: string, writes: number): (child: ChildProcess) => void {
  const version = (): number => (existsSync(path) ? statSync(path).ino : 0);
  return (child) => {
    let [seen, left] = [version(), writes];
    const timer = setInterval(() => {
      const now = version();
      if (now === seen) return;
      seen = now;
      left -= 1;
      if (left === 0) child.kill('SIGKILL');
    }, 1);
    child.on('exit', () => clearInterval(timer));
  };
}

describe('killed and begun again', () => {
  it('in parts and on other numbers of workers each time: the same bytes', async () => {
    const whole = await search([1, 1, 2, '-']);
    const kept = join(place.cwd, 'kept.json');
    let kills = 0;
    const shares: number[] = [];
    for (let attempt = 0; ; attempt++) {
      const { code, lines } = await search(
        [1, 1, 1 + (attempt % 3), kept],
        attempt < 5 ? killAfter(kept, 1 + ((attempt * 5) % 3)) : undefined,
      );
      shares.push(Number(lines[0]?.split(' ')[1]));
      if (code === 0) {
        expect(lines.at(-1)).toBe(whole.lines.at(-1));
        break;
      }
      kills += 1;
    }
    expect(kills).toBeGreaterThan(0);
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBeGreaterThan(0);
    // What was done stays done.
    expect([...shares].sort((p, q) => p - q)).toEqual(shares);
  }, 60_000);
});

const canMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;
const why = canMount ? '' : ' (needs unshare and a mount of its own, absent: skipped)';

it.skipIf(!canMount)(`a full disk is one sentence, and what was kept before it stays${why}`, () => {
  mkdirSync(join(place.cwd, 'disk'));
  const sae = fileURLToPath(new URL('../fixtures/extremes/first', import.meta.url));
  const common = [MAIN, 'extremes', '--sae', sae, '--shard', '1/2', '--out', 'disk/parts', '--threads', '1'];
  const script =
    'mount -t tmpfs -o size=64k none disk && "$@" --top 10 && cp disk/parts/part-1-of-2.json before.json' +
    ' && head -c 60000 /dev/zero > disk/filler 2>/dev/null; mv disk/parts disk/old; "$@" --top 300; code=$?;' +
    ' cp disk/old/part-1-of-2.json after.json; exit $code';
  const { status, stderr } = spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', script, 'sh', process.execPath, ...common],
    {
      encoding: 'utf8',
      cwd: place.cwd,
      env: environment(place),
    },
  );
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/error: .*the disk is full\nnext: free some space and run/),
  ]);
  expect(readFileSync(join(place.cwd, 'after.json'), 'utf8')).toBe(
    readFileSync(join(place.cwd, 'before.json'), 'utf8'),
  );
  rmSync(join(place.cwd, 'disk'), { recursive: true });
});
