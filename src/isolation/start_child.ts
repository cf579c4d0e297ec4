/** @file Starts the process of a program; no process started here outlives this one. */

import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { AntipodeError } from '../errors.ts';
import { childEnvironment } from './environment.ts';
import type { Program } from './program.ts';

const living = new Set<ChildProcess>();

function killAll(): void {
  // A process in the middle of a run would not see that we are gone before the run ends.
  for (const child of living) child.kill('SIGKILL');
}

/**
 * A process with a channel, and stderr to be read; it has no other stream or file of ours.
 * @param execArgv of Node; the caller's own are meant for its own code
 * @throws {AntipodeError} `resource` where the system starts no more processes
 */
export async function startChild(program: Program, execArgv: readonly string[]): Promise<ChildProcess> {
  try {
    const options: ForkOptions & { readonly windowsHide: boolean } = {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: childEnvironment(process.env),
      execArgv: [...execArgv],
      windowsHide: true,
    };
    const child = fork(program.file, [String(process.pid)], options);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    if (living.size === 0) process.on('exit', killAll);
    living.add(child);
    child.once('exit', () => {
      living.delete(child);
      if (living.size === 0) process.off('exit', killAll);
    });
    return child;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AntipodeError('resource', `the process of ${program.work} cannot be started (${reason})`, {
      hint: 'close other programs, or raise `ulimit -n` and `ulimit -u`, then run it again',
      cause: error,
    });
  }
}
