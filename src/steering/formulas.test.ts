import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { writeTinyModel, writeTinySae } from '../../test/support/tiny_model.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { openSae } from '../sae/open.ts';
import type { Sae, SaeFile } from '../sae/sae.ts';
import { type Arm, type ArmPart, STEER_METHODS, STEER_POSITIONS, type SteerMethod } from './arm.ts';
import { generateReplies } from './generate_replies.ts';
import { replyJobs } from './jobs.ts';
import { REPLY_BATCH_ROWS } from './reply_batch.ts';
import type { ReplyRecord } from './reply_record.ts';
import { resolveArms } from './resolve_arms.ts';

// What the article's method is (pyvene's intervention, METHOD section 5), looked up in the stream of the replies themselves.

const FEATURES = 12;
const SITE = 1;
const BOS = 1;
const TEXT = 'w7 w9 w3';

let folder: string;
let model: LanguageModel;
let tokenizer: Tokenizer;
let file: SaeFile;
let sae: Sae;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-formulas-'));
  const { dModel } = await writeTinyModel(folder, { tokenizerConfig: { eos_token: 'w60' } });
  await writeTinySae(join(folder, 'sae.npz'), FEATURES, dModel);
  tokenizer = await openTokenizer(folder);
  model = await openLanguageModel(folder, { threads: 1, precision: 'f32', editSites: [SITE] });
  file = await openSae(join(folder, 'sae.npz'), { env: {}, cwd: folder });
  sae = await file.load();
});
afterAll(async () => {
  await file?.close();
  await model?.close();
  await rm(folder, { recursive: true });
});

interface Observed {
  readonly record: ReplyRecord;
  /** `[positions][d_model]`, behind the intervention. */
  readonly after: readonly Float64Array[];
}

const split = (values: Float32Array): Float64Array[] => {
  const { dModel } = model.config;
  return Array.from({ length: values.length / dModel }, (_, at) =>
    Float64Array.from(values.subarray(at * dModel, (at + 1) * dModel)),
  );
};

interface Run {
  readonly arms: readonly Arm[];
  readonly method: SteerMethod;
  readonly positions: (typeof STEER_POSITIONS)[number];
  readonly seed: number;
}

async function run({ arms, method, positions, seed }: Run): Promise<Observed[]> {
  const tokens = tokenizer.encode(TEXT);
  const found: Observed[] = [];
  let rows = new Float32Array(0);
  await generateReplies({
    model,
    tokenizer,
    site: SITE,
    interventions: await resolveArms({ sae: file, site: SITE, arms, unit: 'absolute', method, seed }),
    prompts: [{ text: TEXT, tokens }],
    jobs: replyJobs({ arms, prompts: [{ text: TEXT }], replies: 3, examples: 0, seed }),
    positions,
    sampling: { temperature: 1 },
    maxNewTokens: 6,
    reader: {
      dIn: model.config.dModel,
      async read(given) {
        rows = given.slice();
        return { a: [], b: [] };
      },
      async close() {},
    },
    onReply: async (record) => {
      found.push({ record, after: split(rows) });
    },
  });
  return found;
}

/** The same tokens in the same shapes without any intervention: what lies before it is the same to the last bit. `[row][position][d_model]`. */
async function replay(observed: readonly Observed[]): Promise<Float64Array[][]> {
  const prompt = Array.from(tokenizer.encode(TEXT));
  const rowOf = (row: number): Observed => observed[row % observed.length]!;
  const steps = Math.max(...observed.map(({ record }) => record.positions)) - prompt.length;
  const past = await model.createPast(REPLY_BATCH_ROWS, prompt.length + 6);
  const before = observed.map(() => [] as Float64Array[]);
  for (let step = 0; step <= steps; step++) {
    const tokens = Array.from({ length: REPLY_BATCH_ROWS }, (_, row) =>
      step === 0 ? prompt : [rowOf(row).record.tokens[step - 1] ?? BOS],
    );
    const { captures } = await model.forward({ tokens, past, capture: [`resid.${SITE}`], logits: 'none' });
    const { values, shape } = captures.get(`resid.${SITE}`)!;
    const width = shape[1]! * shape[2]!;
    before.forEach((row, r) => {
      row.push(...split(values.subarray(r * width, (r + 1) * width)));
    });
  }
  await model.releasePast(past);
  return before;
}

const dot = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  Array.from(x).reduce((sum, value, c) => sum + value * y[c]!, 0);

const decoderRow = (feature: number): Float64Array =>
  Float64Array.from(sae.W_dec.data.subarray(feature * sae.dIn, (feature + 1) * sae.dIn));

/** What the feature is active with in h, from the definition of jump ReLU. */
function activation(h: Float64Array, feature: number): number {
  const pre =
    dot(h, sae.W_enc.data.subarray(feature * sae.dIn, (feature + 1) * sae.dIn)) + sae.b_enc[feature]!;
  return pre > sae.threshold![feature]! ? Math.max(0, pre) : 0;
}

/** Coordinates of P h along the rows: normal equations by Gauss's elimination. */
function coordinates(h: Float64Array, rows: readonly Float64Array[]): number[] {
  const system = rows.map((row) => [...rows.map((other) => dot(row, other)), dot(row, h)]);
  for (let pivot = 0; pivot < rows.length; pivot++) {
    for (let other = 0; other < rows.length; other++) {
      if (other === pivot) continue;
      const factor = system[other]![pivot]! / system[pivot]![pivot]!;
      system[other] = system[other]!.map((value, c) => value - factor * system[pivot]![c]!);
    }
  }
  return system.map((row, i) => row.at(-1)! / row[i]!);
}

type Term = readonly [feature: number, c: number];

/** METHOD section 5, each method as it stands there. */
function formula(method: SteerMethod, h: Float64Array, terms: readonly Term[]): Float64Array {
  const rows = terms.map(([feature]) => decoderRow(feature));
  const weights = {
    add: () => terms.map(([, c]) => c),
    'project-out': () => coordinates(h, rows).map((share) => -share),
    orthogonal: () => coordinates(h, rows).map((share, t) => (terms[t]![1] - 1) * share),
    clamp: () => terms.map(([feature, c]) => c - activation(h, feature)),
  }[method]();
  return h.map((value, k) => value + weights.reduce((sum, weight, t) => sum + weight * rows[t]![k]!, 0));
}

const sizeOf = (h: Float64Array): number => Math.sqrt(dot(h, h));

const termsArbitrary = fc.uniqueArray(fc.tuple(fc.nat(FEATURES - 1), fc.constantFrom(-3, -0.5, 0.7, 2)), {
  minLength: 1,
  maxLength: 3,
  selector: ([feature]) => feature,
});

test.each(STEER_METHODS)(
  '%s: the stream behind the layer is its formula of the stream before it, at every steered position and no other',
  async (method) => {
    const positionsArbitrary = fc.constantFrom(...STEER_POSITIONS);
    const seen = { steered: 0, alone: 0 };
    await fc.assert(
      fc.asyncProperty(termsArbitrary, positionsArbitrary, fc.nat(1e6), async (terms, positions, seed) => {
        const parts: ArmPart[] = terms.map(([feature, strength]) => ({ features: [feature], strength }));
        const arms: Arm[] = [
          { name: 'control', kind: 'control', parts: [], factor: 1 },
          { name: 'all', kind: 'steered', parts, factor: 1 },
          { name: 'first', kind: 'steered', parts: parts.slice(0, 1), factor: 1 },
        ];
        const observed = await run({ arms, method, positions, seed });
        const order = replyJobs({ arms, prompts: [{ text: TEXT }], replies: 3, examples: 0, seed });
        observed.sort((x, y) => indexOf(order, x) - indexOf(order, y));
        const before = await replay(observed);
        observed.forEach(({ record, after }, r) => {
          const own = { control: [], all: terms, first: terms.slice(0, 1) }[record.arm]!;
          const fed = [...Array.from(tokenizer.encode(TEXT)), ...record.tokens.slice(0, -1)];
          expect(after).toHaveLength(fed.length);
          expect(record.positions).toBe(fed.length);
          const isLogged = (at: number): boolean =>
            record.steered.some(([from, to]) => from <= at && at < to);
          after.forEach((values, at) => {
            const isSteered =
              own.length > 0 &&
              (positions === 'all' ||
                (positions === 'no-special'
                  ? !tokenizer.isSpecial(fed[at]!)
                  : at >= fed.length - record.tokens.length + 1));
            expect(isLogged(at)).toBe(isSteered);
            const h = before[r]![at]!;
            seen[isSteered ? 'steered' : 'alone'] += 1;
            if (!isSteered) {
              expect(values).toEqual(h);
              return;
            }
            const expected = formula(method, h, own as readonly Term[]);
            const error = Math.max(...values.map((value, k) => Math.abs(value - expected[k]!)));
            // Of float32: half a unit of the last place of what is summed up.
            expect(error / Math.max(1, sizeOf(h), sizeOf(expected))).toBeLessThan(1e-6);
          });
        });
      }),
      { numRuns: runs(6) },
    );
    expect(seen.steered).toBeGreaterThan(50);
    expect(seen.alone).toBeGreaterThan(50);
  },
);

function indexOf(order: readonly { readonly id: string }[], { record }: Observed): number {
  return order.findIndex(({ id }) => id === record.id);
}

test('add at all positions: before + c W_dec[f], the beginning-of-text token included', async () => {
  const arms: Arm[] = [{ name: '+', kind: 'steered', parts: [{ features: [4], strength: 100 }], factor: 1 }];
  const observed = await run({ arms, method: 'add', positions: 'all', seed: 5 });
  observed.sort((x, y) => x.record.reply - y.record.reply);
  const before = await replay(observed);
  expect(tokenizer.encode(TEXT)[0]).toBe(BOS);
  observed.forEach(({ record, after }, r) => {
    expect(record.steered).toEqual([[0, record.positions]]);
    after.forEach((values, at) => {
      values.forEach((value, k) => {
        // As pyvene computes it: one float32 product, one float32 sum.
        const product = Math.fround(100 * sae.W_dec.data[4 * sae.dIn + k]!);
        expect(value).toBe(Math.fround(before[r]![at]![k]! + product));
      });
    });
  });
});
