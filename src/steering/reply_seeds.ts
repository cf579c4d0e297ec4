/** @file The seed of a reply (METHOD, section 5: seeded per arm and reply), so that what it says depends on nothing but its own place in the experiment. */

import { createHash } from 'node:crypto';

export interface SeededReply {
  /** Of the run; any safe integer. */
  readonly seed: number;
  readonly arm: string;
  /** Text. */
  readonly prompt: string;
  /** From 0. */
  readonly reply: number;
}

/** The first 48 bits of SHA-256 over all of it, as JSON: a safe integer, the same on every machine. */
export function replySeed({ seed, arm, prompt, reply }: SeededReply): number {
  const text = JSON.stringify([seed, arm, prompt, reply]);
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}
