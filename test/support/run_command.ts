/** @file Runs the built command in a process of its own, in a home and a folder of its own, and looks at what it left there. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/run.ts';

export const MAIN: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
export const FIXTURE_SAE: string = fileURLToPath(new URL('../fixtures/geometry/params.npz', import.meta.url));

export interface Place {
  readonly home: string;
  readonly cwd: string;
  remove(): void;
}

/** An empty home and an empty working folder. */
export function makePlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'antipode-e2e-'));
  const [home, cwd] = [join(root, 'home'), join(root, 'work')];
  for (const folder of [home, cwd]) mkdirSync(folder);
  return { home, cwd, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Called with the process once it runs, to interrupt it. */
  readonly during?: (child: ChildProcess) => void;
}

/** Environment without the caller's own settings; nothing is fetched unless `extra` says where from. */
export function environment(
  place: Place,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: place.home,
    LANG: 'C.UTF-8',
    HF_HUB_OFFLINE: '1',
    ...extra,
  };
}

export function runCommand(
  place: Place,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: place.cwd,
      env: environment(place, options.env),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    options.during?.(child);
  });
}

/**
 * The same command line without a process of its own, which takes a third of a second to load: for what a command answers. What main.ts adds to
 * every command (streams, signals), and that a process ends once its work is done, is for `runCommand`. A model still runs in its own.
 */
export async function runHere(
  place: Place,
  args: readonly string[],
  { env, stdin = '' }: Pick<CommandOptions, 'env' | 'stdin'> = {},
): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const sinkOf = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) });
  const code = await runCli(args, {
    stdout: sinkOf('stdout'),
    stderr: sinkOf('stderr'),
    stdin: (async function* () {
      yield Buffer.from(stdin);
    })(),
    env: environment(place, env),
    cwd: place.cwd,
    signal: new AbortController().signal,
  });
  return { code, ...written };
}

/** Runs a shell line with `antipode` on it, for pipes and terminals. */
export function runShell(
  place: Place,
  line: string,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const command = `antipode() { "${process.execPath}" "${MAIN}" "$@"; }\n${line}`;
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
      cwd: place.cwd,
      env: environment(place, env),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => {
      stdout += String(data);
    });
    child.stderr.on('data', (data) => {
      stderr += String(data);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** All files below a folder with their bytes, by relative path. */
export function snapshot(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path).toString('base64')]));
}
