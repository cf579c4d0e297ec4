import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { FIXTURES, LAYOUTS } from '../../test/support/tokenizer_fixtures.ts';
import { createReplyText } from './reply_text.ts';
import { openTokenizer } from './tokenizer/open_tokenizer.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

interface Shown {
  /** What was to be seen after each token, and at the end. */
  readonly states: readonly string[];
  readonly text: string;
  readonly isStopped: boolean;
}

function write(
  tokenizer: Tokenizer,
  prompt: ArrayLike<number>,
  ids: readonly number[],
  stops: readonly string[],
): Shown {
  const reply = createReplyText({ tokenizer, prompt, stops });
  const states: string[] = [];
  let text = '';
  for (const id of ids) {
    const pushed = reply.push(id);
    text += pushed.text;
    states.push(text);
    if (pushed.isStopped) return { states, text, isStopped: true };
  }
  text += reply.end();
  return { states: [...states, text], text, isStopped: false };
}

/** The text in front of the first stop sequence to be complete; of those complete at the same place the longest. */
function cut(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    if (ending.length > 0) return text.slice(0, end - Math.max(...ending.map(({ length }) => length)));
  }
  return text;
}

describe.each(LAYOUTS)('%s', (layout) => {
  let tokenizer: Tokenizer;
  let ids: fc.Arbitrary<number[]>;
  let prompt: Int32Array;
  beforeAll(async () => {
    tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    const known = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) => {
      try {
        return tokenizer.decode([id]) !== undefined;
      } catch {
        return false;
      }
    });
    ids = fc.array(fc.constantFrom(...known), { maxLength: 25 });
    prompt = tokenizer.encode('the a');
  });

  const decoded = (all: readonly number[]): string => tokenizer.decode(all, { skipSpecialTokens: true });

  test('prompt and reply together are the text of all their tokens', () => {
    const before = decoded([...prompt]);
    expect(before).not.toBe('');
    fc.assert(
      fc.property(ids, (reply) => {
        expect(before + write(tokenizer, prompt, reply, []).text).toBe(decoded([...prompt, ...reply]));
      }),
      { numRuns: runs(200) },
    );
  });

  test('behind a beginning-of-text token alone a reply begins its own text', () => {
    const bos = tokenizer.bosId;
    fc.assert(
      fc.property(ids, (reply) => {
        expect(write(tokenizer, bos === undefined ? [] : [bos], reply, []).text).toBe(decoded(reply));
      }),
      { numRuns: runs(50) },
    );
  });

  test('what was shown is never taken back, and ends in front of the first stop sequence', () => {
    fc.assert(
      fc.property(
        ids,
        fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 5 })), { maxLength: 3 }),
        (reply, places) => {
          const whole = write(tokenizer, prompt, reply, []).text;
          const stops = places
            .map(([at, length]) => whole.slice(at, at + length))
            .filter((stop) => stop !== '');
          const { states, text, isStopped } = write(tokenizer, prompt, reply, stops);
          for (const state of states) expect(text.startsWith(state)).toBe(true);
          expect(text).toBe(cut(whole, stops));
          if (isStopped) expect(text).not.toBe(whole);
        },
      ),
      { numRuns: runs(300) },
    );
  });
});

test('an id that the tokenizer does not know has no text, in the prompt and in the reply', async () => {
  const tokenizer = await openTokenizer(`${FIXTURES}gpt2`);
  const word = tokenizer.encode('a')[0]!;
  const unknown = tokenizer.vocabSize + 5;
  expect(write(tokenizer, [unknown, word], [word, unknown, word], [])).toMatchObject({ text: 'aa' });
});
