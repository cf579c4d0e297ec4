/**
 * @file The other side of `isolated_process.ts`: a program answers calls in their order, one value at a time, until whoever asks goes away. Its
 * argument is that process's id.
 */

import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Assembler, framesOf } from './frames.ts';
import { PARENT_WATCH } from './parent_watch.ts';
import { type Answer, type Call, isCall } from './protocol.ts';
import { sendError } from './sent_errors.ts';

/** Says something before the answer comes. Returns when it has left. */
export type SendProgress = (...facts: readonly unknown[]) => Promise<void>;

/** @returns what goes over as the answer; what it throws goes over as an error */
export type CarryOut = (
  method: string,
  args: readonly unknown[],
  sendProgress: SendProgress,
) => Promise<unknown>;

/** Frames that may wait for the other side to read them. */
const FRAMES_AHEAD = 4;

/** Ends the process behind the answer to `close`. */
export function serveCalls(carryOut: CarryOut): void {
  // Ctrl-C goes to all processes of a terminal; what it means is decided by the one that asked.
  process.on('SIGINT', () => {});
  // Nothing here is worth ending in order: whoever wanted answers is gone.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  offerAsVictim();
  // A run blocks this thread for as long as it takes; the one that looks after the parent must not wait for it.
  const parent = Number(process.argv[2]);
  new Worker(PARENT_WATCH, { eval: true, workerData: parent }).unref();

  const assembler = new Assembler();
  let turn: Promise<void> = Promise.resolve();
  process.on('message', (frame) => {
    const whole = assembler.take(frame);
    if (!whole) return;
    const { value: call } = whole;
    if (!isCall(call)) throw new Error('internal: a message is not a call');
    turn = turn.then(() => answer(call, carryOut));
  });
}

/** Where memory runs out, the system should end this process and not the one that can say so. */
function offerAsVictim(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Other systems have no such file, and some containers forbid it.
  }
}

async function answer({ call, method, args }: Call, carryOut: CarryOut): Promise<void> {
  let value: unknown;
  try {
    value = await carryOut(method, args, (...progress) => send({ progress }));
  } catch (error) {
    await send({ call, error: sendError(error) });
    return;
  }
  await send({ call, value });
  if (method === 'close') process.exit(0);
}

/** Returns when all of it is with the system: the next run would keep the rest from leaving. */
async function send(message: Answer): Promise<void> {
  const waiting: Promise<void>[] = [];
  for (const frame of framesOf(message)) {
    waiting.push(post(frame));
    if (waiting.length >= FRAMES_AHEAD) await waiting.shift();
  }
  await Promise.all(waiting);
}

function post(frame: unknown): Promise<void> {
  // A failure means that the other side is gone, which `disconnect` says as well.
  return new Promise((resolve) => process.send?.(frame, () => resolve()));
}
