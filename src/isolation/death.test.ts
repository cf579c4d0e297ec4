import { expect, test } from 'vitest';
import { type Death, describeDeath } from './death.ts';
import type { Program } from './program.ts';

const program: Program = {
  file: new URL('file:///x/child.js'),
  work: 'the model',
  hints: { memory: 'less memory', files: 'look at the files', again: 'once again' },
};

const HEAP = `
<--- Last few GCs --->

[29490:0x5c2f]      513 ms: Mark-Compact 63.2 (66.1) -> 63.1 (66.8) MB, 20.1 / 0.0 ms

<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb9c1f0 node::Abort() [node]
 2: 0xaa27ee  [node]
`;

const UNCAUGHT = `file:///x/model_child.js:31
        throw new Error('internal: a message is not a call');
              ^

Error: internal: a message is not a call
    at process.<anonymous> (file:///x/model_child.js:31:15)
    at process.emit (node:events:524:28)

Node.js v20.20.2
`;

const cases: [string, Partial<Death>, string][] = [
  ['a kill', { signal: 'SIGKILL' }, 'was killed (SIGKILL, as by a system that runs out of memory)'],
  ['a crash', { signal: 'SIGSEGV' }, 'crashed (SIGSEGV)'],
  ['another signal', { signal: 'SIGTERM' }, 'was ended (SIGTERM)'],
  ['an exit code', { code: 3 }, 'ended before its time (exit code 3)'],
  ['a crash on Windows', { code: 3221225477 }, 'ended before its time (exit code 0xC0000005)'],
  [
    'the heap',
    { signal: 'SIGABRT', stderr: HEAP },
    'ran out of memory (SIGABRT; its last words: FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory)',
  ],
  [
    'an exception',
    { code: 1, stderr: UNCAUGHT },
    'ended before its time (exit code 1; its last words: Error: internal: a message is not a call)',
  ],
  [
    'native code that says why',
    {
      signal: 'SIGABRT',
      stderr: "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n",
    },
    'ran out of memory (SIGABRT; its last words: what():  std::bad_alloc)',
  ],
  [
    'words that would move the cursor',
    { signal: 'SIGBUS', stderr: 'a\r\n\x1b[2J\u202eb' },
    'crashed (SIGBUS; its last words: \\u{1b}[2J\\u{202e}b)',
  ],
  ['many words', { code: 1, stderr: 'x'.repeat(500) }, `(exit code 1; its last words: ${'x'.repeat(120)}…)`],
  ['empty lines', { code: 1, stderr: '\n \n' }, '(exit code 1)'],
];

test.each(cases)('%s', (_, death, sentence) => {
  const error = describeDeath(program, 'gemma', { code: null, signal: null, stderr: '', ...death });
  expect(error.kind).toBe('resource');
  expect(error.message.startsWith('gemma: the process of the model ')).toBe(true);
  expect(error.message.endsWith(sentence)).toBe(true);
  const { memory, files, again } = program.hints;
  expect(error.hint).toBe(
    { SIGKILL: memory, SIGABRT: memory, SIGBUS: files }[String(death.signal)] ??
      (sentence.includes('out of memory') ? memory : again),
  );
});
