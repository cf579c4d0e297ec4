/** @file Starts the process of a model; no process started here outlives this one. */

import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { AntipodeError } from '../../errors.ts';
import { modelEnvironment } from './environment.ts';

/** Compiled next to this file; from the sources (tests) the built copy is used, because Node 20 cannot run TypeScript in another process. */
function program(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(
    isSource ? '../../../dist/lm/isolation/model_child.js' : './model_child.js',
    import.meta.url,
  );
}

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
export async function startChild(execArgv: readonly string[]): Promise<ChildProcess> {
  try {
    const options: ForkOptions & { readonly windowsHide: boolean } = {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: modelEnvironment(process.env),
      execArgv: [...execArgv],
      windowsHide: true,
    };
    const child = fork(program(), [String(process.pid)], options);
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
    throw new AntipodeError('resource', `the process of the model cannot be started (${reason})`, {
      hint: 'close other programs, or raise `ulimit -n` and `ulimit -u`, then run it again',
      cause: error,
    });
  }
}
