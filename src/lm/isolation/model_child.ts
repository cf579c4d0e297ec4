/**
 * @file The program of the process that a model runs in: answers calls in their order, one value at a time, until the other side goes away.
 * Run by `model_process.ts`, with that process's id as its argument.
 */

import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { LanguageModel } from '../language_model.ts';
import type { OpenModelOptions } from '../session.ts';
import { Assembler, framesOf } from './frames.ts';
import { type Answer, type Call, isCall } from './protocol.ts';
import { sendError } from './sent_errors.ts';

// Ctrl-C goes to all processes of a terminal; what it means is decided by the one that asked.
process.on('SIGINT', () => {});
// Nothing here is worth ending in order: whoever wanted answers is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
offerAsVictim();
// A run blocks this thread for as long as it takes; the one that looks after the parent must not wait for it.
new Worker(new URL('./parent_watch.js', import.meta.url), { workerData: Number(process.argv[2]) }).unref();

/** Frames that may wait for the other side to read them. */
const FRAMES_AHEAD = 4;

const assembler = new Assembler();
let model: LanguageModel | undefined;
let turn: Promise<void> = Promise.resolve();

process.on('message', (frame) => {
  const whole = assembler.take(frame);
  if (!whole) return;
  const { value: call } = whole;
  if (!isCall(call)) throw new Error('internal: a message is not a call');
  turn = turn.then(() => answer(call));
});

/** Where memory runs out, the system should end this process and not the one that can say so. */
function offerAsVictim(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Other systems have no such file, and some containers forbid it.
  }
}

async function answer({ call, method, args }: Call): Promise<void> {
  let value: unknown;
  try {
    value = await carryOut(method, args);
  } catch (error) {
    await send({ call, error: sendError(error) });
    return;
  }
  await send({ call, value });
  if (method === 'close') process.exit(0);
}

async function carryOut(method: Call['method'], args: readonly unknown[]): Promise<unknown> {
  if (method === 'open') {
    const [folder, options] = args as [string, OpenModelOptions];
    const { openLanguageModel } = await import('../session.ts');
    model = await openLanguageModel(folder, {
      ...options,
      onProgress: (...progress) => void send({ progress }),
    });
    // Methods stay here; what the model says about itself goes over.
    return Object.fromEntries(Object.entries(model).filter(([, fact]) => typeof fact !== 'function'));
  }
  if (!model) throw new Error(`internal: ${method} before a model was opened`);
  // The methods are those of the interface; what they are given is checked where it is used.
  const run = model[method] as (...given: readonly unknown[]) => Promise<unknown>;
  return run.apply(model, [...args]);
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
