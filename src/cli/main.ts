#!/usr/bin/env node
/** @file The entry of the `antipode` command: streams, signals, exit code. */

import { runCli } from './run.ts';

/** How long running work may take to stop by itself: one tile of the search and the removal of temporaries take far less. */
const PATIENCE_MS = 900;

const controller = new AbortController();
const patience = new AbortController();
let interrupts = 0;
const onSignal = (): void => {
  interrupts += 1;
  // A second Ctrl-C means now: whatever is written goes through temporary names, so nothing half-written becomes visible.
  if (interrupts > 1) process.exit(130);
  controller.abort();
  // Work that does not look at the signal in time (a read from a dead disk) must not keep the user waiting.
  setTimeout(() => {
    patience.abort();
    // The sentence that this ends with is written before the next turn.
    setImmediate(() => process.exit(130));
  }, PATIENCE_MS).unref();
};
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
process.on('SIGHUP', onSignal);
// The reader of a pipe may leave early (`| head -1`): the rest of the output has no use, and that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  // No exception from here would reach the code that words errors.
  process.stderr.write(`error: the output cannot be written (${error.code ?? error.message})\n`);
  process.exit(1);
});
// Where notes cannot be shown, results and the exit code still count.
process.stderr.on('error', () => {});

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  signal: controller.signal,
  giveUp: patience.signal,
});
