import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { isAnswer, isCall } from './protocol.ts';
import { isSentError, receiveError, sendError } from './sent_errors.ts';

/** Through what a channel between processes keeps. */
function travel(error: unknown): Error {
  const sent: unknown = structuredClone(sendError(error));
  if (!isSentError(sent)) throw new Error('not an error on its way');
  return receiveError(sent);
}

test('kind, hint, stack and causes arrive', () => {
  const cause = new RangeError('Array buffer allocation failed');
  const error = new AntipodeError('resource', 'no memory', { hint: 'free some', cause });
  const arrived = travel(error);
  expect(arrived).toBeInstanceOf(AntipodeError);
  expect(arrived).toMatchObject({
    kind: 'resource',
    hint: 'free some',
    message: 'no memory',
    stack: error.stack,
  });
  expect(arrived.cause).toMatchObject({ message: 'Array buffer allocation failed', stack: cause.stack });
  const plain = travel(new AntipodeError('usage', 'x')) as AntipodeError;
  expect([plain.kind, plain.hint, 'cause' in plain]).toEqual(['usage', undefined, false]);
});

test('a system error keeps what it says about the system; other things keep what they say', async () => {
  const missing: unknown = await readFile('/no/such/file').catch((error: unknown) => error);
  expect(travel(missing)).toMatchObject({ code: 'ENOENT', path: '/no/such/file' });
  expect(travel(missing)).not.toBeInstanceOf(AntipodeError);
  expect(travel('just text').message).toBe('just text');
});

test('causes in a circle come to an end', () => {
  const one = new Error('one');
  one.cause = new Error('two', { cause: one });
  expect((travel(one).cause as Error).message).toBe('two');
});

test.each([
  [undefined],
  ['text'],
  [{}],
  [{ message: 1 }],
  [{ message: 'x', kind: 'toString' }],
  [{ message: 'x', hint: 1 }],
  [{ message: 'x', cause: 'y' }],
])('%j is not an error', (value) => {
  expect(isSentError(value)).toBe(false);
  expect(isAnswer({ call: 1, error: value })).toBe(false);
});

test('calls and answers', () => {
  expect(isCall({ call: 0, method: 'forward', args: [] })).toBe(true);
  expect(isCall({ call: 0, method: 7, args: [] })).toBe(false);
  expect(isCall({ call: 0.5, method: 'forward', args: [] })).toBe(false);
  expect(isCall({ call: 0, method: 'forward' })).toBe(false);
  expect([{ call: 0, value: undefined }, { progress: [1] }].every(isAnswer)).toBe(true);
  expect([null, { call: 0 }, { value: 1 }, { progress: 1 }].some(isAnswer)).toBe(false);
});
