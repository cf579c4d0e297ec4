import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { layOut } from './batch.ts';
import { readModelConfig } from './config.ts';
import { runForward } from './forward_pass.ts';
import { allocateFloats, memoryLimit, refuseBeyondMemory, rethrow } from './memory_limit.ts';
import { createPastStore } from './past_store.ts';

const use = { what: 'results', hint: 'ask for less' };

test('the limit is what the machine has, or its container allows', () => {
  expect(memoryLimit()).toBeGreaterThan(0);
  expect(memoryLimit()).toBeLessThanOrEqual(totalmem());
});

test('only what cannot fit is refused', () => {
  refuseBeyondMemory(memoryLimit(), use);
  expect(() => refuseBeyondMemory(3e15, use)).toThrow(
    /^memory: results take 3000000 GB, there are \S+ [GM]B in all$/,
  );
  expect(() => refuseBeyondMemory(Number.POSITIVE_INFINITY, use)).toThrow('memory: results take');
});

test('floats are zeros; more than an array can have is one sentence', () => {
  expect([...allocateFloats(2, use)]).toEqual([0, 0]);
  expect(() => allocateFloats(2 ** 50, use)).toThrow(/^memory: there are no 4503600 GB more for results$/);
});

test('what says that an array found no memory becomes a sentence, and nothing else', () => {
  const thrown = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  const lack = thrown(() => new Float64Array(2 ** 50));
  const range = thrown(() => (1).toFixed(200));
  expect(lack).toBeInstanceOf(RangeError);
  expect(thrown(() => rethrow(lack))).toMatchObject({ kind: 'resource', cause: lack });
  expect(thrown(() => rethrow(range))).toBe(range);
  expect(thrown(() => rethrow('text'))).toBe('text');
});

test('a pass whose results cannot fit is refused before anything runs', async () => {
  const folder = fileURLToPath(new URL('../../test/fixtures/lm/llama_linear', import.meta.url));
  const config = { ...(await readModelConfig(folder)), vocabSize: 2 ** 44 };
  const never = (): never => {
    throw new Error('this should not run');
  };
  const pass = runForward({
    config,
    feeds: { of: never },
    batch: layOut([[1, 2]], config, 'right', [0]),
    store: createPastStore(config, 1, 1),
    isKept: false,
    steer: [],
    edit: [],
    capture: [],
    logits: 'all',
    maxTokensAtOnce: 512,
    run: never,
    editFeeds: never,
    explain: never,
  });
  await expect(pass).rejects.toThrow(/^memory: results for 1 x 2 tokens take 140737 GB, there are/);
});
