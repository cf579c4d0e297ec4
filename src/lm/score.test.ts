import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { createRng } from '../tensor/rng.ts';
import type { Edit, ForwardRequest, LanguageModel, Steering } from './language_model.ts';
import { type ScoreRow, scoreTokens } from './score.ts';
import { openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));

/** Float32 sums in another order, on log-probabilities of about 5. */
const DIGITS = 4;

let model: LanguageModel;
beforeAll(async () => {
  model = await openLanguageModel(`${fixtures}/gemma2`, { threads: 1 });
});
afterAll(() => model?.close());

/** The probabilities of every token, written out. */
function softmax(logits: Float32Array): number[] {
  const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
  return Array.from(logits, (x) => Math.exp(x) / total);
}

/** From one forward pass over the whole row. */
async function expectedOf(
  { context, tokens }: ScoreRow,
  steer: readonly Steering[] = [],
  edit: readonly Edit[] = [],
): Promise<number[]> {
  const ids = [...Array.from(context), ...Array.from(tokens)];
  const { logits } = await model.forward({ tokens: [ids], steer, edit, logits: 'all' });
  const vocabulary = model.config.vocabSize;
  return Array.from(tokens, (id, i) => {
    const start = (context.length - 1 + i) * vocabulary;
    return Math.log(softmax(logits!.values.subarray(start, start + vocabulary))[id]!);
  });
}

function expectClose(got: readonly number[], expected: readonly number[]): void {
  expect(got).toEqual(expected.map((value) => expect.closeTo(value, DIGITS)));
}

function vector(rows: number, seed: number): Steering {
  const rng = createRng(seed, 'score-test');
  return {
    at: 1,
    rows,
    values: Float32Array.from({ length: rows * model.config.dModel }, () => 3 * rng.normal()),
  };
}

/** The model, and what it was asked. */
function recorded(before: (count: number) => void = () => {}): {
  model: LanguageModel;
  asked: ForwardRequest[];
} {
  const asked: ForwardRequest[] = [];
  const forward: LanguageModel['forward'] = (request) => {
    before(asked.push(request));
    return model.forward(request);
  };
  const watched = new Proxy(model, {
    get(target, name) {
      if (name === 'forward') return forward;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { model: watched, asked };
}

const ROWS: readonly ScoreRow[] = [
  { context: [1, 5, 9, 2, 8, 30, 31], tokens: [4, 4, 60, 0, 17] },
  { context: [7], tokens: [3, 9, 12, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50] },
  { context: [3, 3], tokens: [] },
  { context: [3, 3, 59, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3], tokens: [22] },
];

describe('scoreTokens', () => {
  test('equals a whole forward pass, plain and steered, one vector for all rows and one for each', async () => {
    const all = vector(1, 2);
    const each = vector(ROWS.length, 3);
    const { dModel } = model.config;
    const [plain, same, own] = [
      await scoreTokens(model, ROWS),
      await scoreTokens(model, ROWS, { steer: [all] }),
      await scoreTokens(model, ROWS, { steer: [each] }),
    ];
    for (const [r, row] of ROWS.entries()) {
      const values = each.values.subarray(r * dModel, (r + 1) * dModel);
      expectClose(plain[r]!, await expectedOf(row));
      expectClose(same[r]!, await expectedOf(row, [all]));
      expectClose(own[r]!, await expectedOf(row, [{ at: 1, values }]));
    }
    expect(plain[0]).not.toEqual(same[0]);
  });

  test('with a direction taken out of some rows, as a whole forward pass', async () => {
    const { dModel } = model.config;
    const { values } = vector(1, 9);
    const unit = values.map((x) => x / Math.hypot(...values));
    const each = new Float32Array(ROWS.length * dModel);
    for (const r of [0, 3]) each.set(unit, r * dModel);
    const edit = { at: 1, lanes: 1, rows: ROWS.length, read: each, write: each };
    const scores = await scoreTokens(model, ROWS, { edit: [edit] });
    const plain = await scoreTokens(model, ROWS);
    for (const [r, row] of ROWS.entries()) {
      const own = { at: 1, lanes: 1, read: unit, write: unit };
      const isEdited = r === 0 || r === 3;
      expectClose(scores[r]!, await expectedOf(row, [], isEdited ? [own] : []));
      if (isEdited) expect(scores[r]).not.toEqual(plain[r]!.map((value) => expect.closeTo(value, DIGITS)));
    }
  });

  test('the probabilities of all continuations of a context sum to 1', async () => {
    const rows = Array.from({ length: model.config.vocabSize }, (_, id) => ({
      context: [1, 5, 9],
      tokens: [id],
    }));
    const scores = await scoreTokens(model, rows);
    expect(scores.reduce((sum, [score]) => sum + Math.exp(score!), 0)).toBeCloseTo(1, 5);
    expect(scores.flat().every((score) => score < 0)).toBe(true);
  });

  test('any rows in any pieces equal each row alone, and never more logits are asked for than allowed', async () => {
    const { vocabSize } = model.config;
    const id = fc.nat(vocabSize - 1);
    const row = fc.record({
      context: fc.array(id, { minLength: 1, maxLength: 12 }),
      tokens: fc.array(id, { maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        async (rows, columns) => {
          const { model: watched, asked } = recorded();
          const maxLogits = columns * vocabSize;
          const together = await scoreTokens(watched, rows, { maxLogits });
          for (const { logits, tokens } of asked) {
            const wide = Math.max(...tokens.map(({ length }) => length));
            if (logits === 'all') expect(tokens.length * wide).toBeLessThanOrEqual(columns);
          }
          for (const [r, one] of rows.entries()) {
            expect(together[r]).toHaveLength(one.tokens.length);
            expectClose(together[r]!, (await scoreTokens(model, [one]))[0]!);
          }
        },
      ),
      { numRuns: runs(30) },
    );
  });

  test('a row may fill the context, with a last token behind it that is only predicted', async () => {
    const { maxPositions } = model.config;
    const full = { context: [1], tokens: Array.from({ length: maxPositions }, (_, i) => (i * 7) % 61) };
    const short = { context: [2], tokens: [3] };
    const [long, beside] = await scoreTokens(model, [full, short], { maxLogits: 5 * model.config.vocabSize });
    expect(long).toHaveLength(maxPositions);
    expectClose(beside!, await expectedOf(short));
    const longer = { context: [1, 2], tokens: full.tokens };
    await expect(scoreTokens(model, [longer])).rejects.toMatchObject({
      kind: 'usage',
      message: `scored row 0: is too long (${maxPositions + 1} positions, the model has ${maxPositions})`,
    });
  });

  test('nothing is nothing; what cannot be scored is refused', async () => {
    expect(await scoreTokens(model, [])).toEqual([]);
    expect(await scoreTokens(model, [{ context: [1], tokens: [] }])).toEqual([[]]);
    const refused: [ScoreRow, RegExp][] = [
      [{ context: [], tokens: [1] }, /row 0: has no context/],
      [
        { context: [1], tokens: [61] },
        /row 0: a token is not in the vocabulary \(got 61, expected 0 to 60\)/,
      ],
      [{ context: [99], tokens: [1] }, /not in the vocabulary/],
    ];
    for (const [row, message] of refused) {
      await expect(scoreTokens(model, [row])).rejects.toMatchObject({
        kind: 'usage',
        message: expect.stringMatching(message),
      });
    }
    await expect(scoreTokens(model, [ROWS[0]!], { steer: [vector(3, 1)] })).rejects.toMatchObject({
      kind: 'usage',
    });
  });

  test('is cancelled between pieces, and the model goes on', async () => {
    const controller = new AbortController();
    const { model: stopping, asked } = recorded((count) => {
      if (count === 3) controller.abort();
    });
    const options = { signal: controller.signal, maxLogits: model.config.vocabSize };
    await expect(scoreTokens(stopping, [ROWS[1]!], options)).rejects.toMatchObject({ kind: 'interrupted' });
    expect(asked).toHaveLength(3);
    expect(await scoreTokens(model, [ROWS[1]!])).toHaveLength(1);
  });
});
