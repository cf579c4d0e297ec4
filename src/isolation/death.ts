/** @file How a process ended, as one sentence. */

import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { Program } from './program.ts';

export interface Death {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;
}

/** @param subject what the process worked on, begins the sentence */
export function describeDeath(
  { hints, work }: Program,
  subject: string,
  { code, signal, stderr }: Death,
): AntipodeError {
  const line = tellingLine(stderr);
  const { problem, hint } = isOutOfMemory(stderr)
    ? { problem: `ran out of memory (${signal ?? `exit code ${code}`}`, hint: hints.memory }
    : ending(hints, code, signal);
  const last = line === undefined ? '' : `; its last words: ${shownName(line)}`;
  return new AntipodeError('resource', `${shownName(subject)}: the process of ${work} ${problem}${last})`, {
    hint,
  });
}

const HINTS: Readonly<Partial<Record<NodeJS.Signals, keyof Program['hints']>>> = {
  SIGKILL: 'memory',
  SIGABRT: 'memory',
  // A page of a mapped file that is no longer there.
  SIGBUS: 'files',
};

/** Left open for the last words. */
function ending(
  hints: Program['hints'],
  code: number | null,
  signal: NodeJS.Signals | null,
): { readonly problem: string; readonly hint: string } {
  if (signal === 'SIGKILL') {
    return { problem: 'was killed (SIGKILL, as by a system that runs out of memory', hint: hints.memory };
  }
  if (signal !== null) {
    const crashes = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP'];
    const verb = crashes.includes(signal) ? 'crashed' : 'was ended';
    return { problem: `${verb} (${signal}`, hint: hints[HINTS[signal] ?? 'again'] };
  }
  // Windows gives the status of a crash, such as 0xC0000005, as the code.
  const shown = code !== null && code > 255 ? `0x${code.toString(16).toUpperCase()}` : code;
  return { problem: `ended before its time (exit code ${shown}`, hint: hints.again };
}

function isOutOfMemory(stderr: string): boolean {
  return /FATAL ERROR:.*(?:out of memory|Allocation failed)|std::bad_alloc/.test(stderr);
}

/** Stack frames, rulers, memory statistics and Node's closing line say nothing about the cause. */
const NOISE = /^(?:at |\d+: 0x|#\d|-+|=+|<---|\[\d+:0x|Node\.js v\d|Aborted|\{|\}|\^|\W*$)/;

function tellingLine(stderr: string): string | undefined {
  const lines = stderr.split(/\r\n|[\r\n]/).map((line) => line.trim());
  const fatal = lines.find((line) => line.startsWith('FATAL ERROR'));
  return fatal ?? lines.findLast((line) => !NOISE.test(line));
}
