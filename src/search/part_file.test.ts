import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { AntipodeError } from '../errors.ts';
import type { ScoredPair } from './pairs.ts';
import { isSearched, type Part, type PartSearch, readPart, writePart } from './part_file.ts';
import { openPartKeeper, shareDone } from './part_keeper.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-part-'));
  path = join(folder, 'part.json');
});
afterAll(() => rm(folder, { recursive: true }));

const identity = (rows: number, seed = ''): PartSearch['a'] => ({
  rows,
  usable: rows - 1,
  width: 7,
  sha256: createHash('sha256').update(seed).digest('hex'),
});

const pair = fc
  .record({ i: fc.integer({ min: 0, max: 40 }), step: fc.integer({ min: 1, max: 58 }), cos: cosine() })
  .map(({ i, step, cos }): ScoredPair => ({ i, j: i + step, cos }));

function cosine(): fc.Arbitrary<number> {
  return fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(-0, 0, 1, -1, 5e-324));
}

const parts = fc.record({
  shard: fc.constant({ index: 2, count: 3 }),
  k: fc.constant(4),
  // Names of options: none is `__proto__`, which the reader leaves out.
  asked: fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
    {
      noNullPrototype: true,
    },
  ),
  caller: fc
    .jsonValue({ noUnicodeString: false } as object)
    // JSON has no -0.
    .map((value): unknown => JSON.parse(JSON.stringify(value))),
  searches: fc.array(
    fc.record({
      name: fc.string({ unit: 'binary' }),
      a: fc.constant(identity(100, 'a')),
      b: fc.constant(null),
      about: fc.constant({ text: '"}],' }),
      done: fc.constantFrom([], [{ from: 57, to: 60 }]),
      top: fc.array(pair, { maxLength: 4 }),
      bottom: fc.array(pair, { maxLength: 4 }),
    }),
    { maxLength: 2 },
  ),
});

const example: Part = {
  shard: { index: 2, count: 3 },
  k: 2,
  asked: { '--spaces': 'encoder', limit: null },
  caller: { sae: 'x.npz' },
  searches: [
    {
      name: 'encoder',
      a: identity(100),
      b: null,
      about: {},
      done: [{ from: 60, to: 70 }],
      top: [{ i: 3, j: 61, cos: 0.75 }],
      bottom: [{ i: 5, j: 62, cos: -0 }],
    },
  ],
};

/** The text of a part with a hash that fits it. */
function sealed(body: string): string {
  return `{"sha256":"${createHash('sha256').update(body).digest('hex')}","part":${body}}\n`;
}

describe('the file of a part', () => {
  it('gives back what was written, cosines to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(parts, async (part) => {
        await writePart(path, part);
        expect(await readPart(path, 'part.json')).toEqual(part);
      }),
      { numRuns: runs(60) },
    );
  });

  it('is JSON with its own hash, for other programs', async () => {
    await writePart(path, example);
    const text = await readFile(path, 'utf8');
    const { part } = JSON.parse(text) as { part: { searches: { top: unknown; done: unknown }[] } };
    expect(part.searches[0]).toMatchObject({ done: [[60, 70]], top: [[3, 61, 0.75]] });
    expect(text).toContain('[5,62,-0]');
  });

  it('cut at any byte, or with any byte changed, is a sentence', async () => {
    await writePart(path, example);
    const bytes = await readFile(path);
    const damaged = join(folder, 'damaged.json');
    // The closing brace and the newline say nothing.
    for (let length = 0; length < bytes.length - 2; length += 7) {
      await writeFile(damaged, bytes.subarray(0, length));
      await expect(readPart(damaged, 'damaged.json')).rejects.toMatchObject({ kind: 'format' });
    }
    for (let at = 0; at < bytes.length - 2; at += 5) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      await writeFile(damaged, changed);
      await expect(readPart(damaged, 'damaged.json')).rejects.toBeInstanceOf(AntipodeError);
    }
  });

  it.each<[string, (part: ReturnType<typeof plainOf>) => unknown]>([
    ['another schema', (part) => ({ ...part, schema: 'antipode-verdicts' })],
    ['a later version', (part) => ({ ...part, schema_version: 2 })],
    ['a part beyond the last', (part) => ({ ...part, shard: { index: 4, count: 3 } })],
    ['columns of another part', (part) => withSearch(part, { done: [[0, 99]] })],
    ['a pair of rows that are not there', (part) => withSearch(part, { top: [[3, 100, 0.5]] })],
    ['a pair in the wrong order', (part) => withSearch(part, { bottom: [[3, 3, 0.5]] })],
    ['a cosine above 1', (part) => withSearch(part, { top: [[3, 61, 1.5]] })],
    [
      'more pairs than were wanted',
      (part) =>
        withSearch(part, {
          top: [
            [1, 61, 0.5],
            [2, 61, 0.5],
            [3, 61, 0.5],
          ],
        }),
    ],
    ['a list', () => []],
    ['nothing', () => null],
  ])('%s is refused, whatever its hash', async (_, change) => {
    await writeFile(path, sealed(JSON.stringify(change(plainOf(example)))));
    await expect(readPart(path, 'part.json')).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringMatching(/^part\.json: is not a part of a search \(/),
    });
  });

  it('is not there before it was written', async () => {
    expect(await readPart(join(folder, 'none.json'), 'none.json')).toBeUndefined();
    await expect(readPart(folder, 'folder')).rejects.toBeInstanceOf(AntipodeError);
  });
});

interface Plain {
  readonly searches: readonly Record<string, unknown>[];
}

function plainOf({ searches, ...part }: Part): Plain & Record<string, unknown> {
  const triples = (pairs: readonly ScoredPair[]): unknown => pairs.map(({ i, j, cos }) => [i, j, cos]);
  return {
    schema: 'antipode-extremes-part',
    schema_version: 1,
    ...part,
    searches: searches.map((search) => ({
      ...search,
      done: search.done.map(({ from, to }) => [from, to]),
      top: triples(search.top),
      bottom: triples(search.bottom),
    })),
  };
}

function withSearch(part: Plain, change: Record<string, unknown>): unknown {
  return { ...part, searches: [{ ...part.searches[0], ...change }] };
}

describe('a part that is kept', () => {
  const place = {
    shown: 'kept.json',
    shard: { index: 1, count: 2 },
    k: 3,
    asked: { '--spaces': 'encoder' },
    caller: {},
  };
  const search = { name: 'encoder', a: identity(10), b: null, about: {} };
  const found = { done: [{ from: 0, to: 4 }], top: [{ i: 0, j: 1, cos: 0.5 }], bottom: [] };
  let kept: string;
  beforeAll(async () => {
    kept = join(folder, 'new', 'kept.json');
    const keeper = await openPartKeeper({ ...place, path: kept });
    expect(keeper.begin(search)).toEqual({ done: [], top: [], bottom: [] });
    await keeper.save('encoder', found);
  });

  it('goes on from what was saved', async () => {
    const keeper = await openPartKeeper({ ...place, path: kept });
    expect(keeper.begin(search)).toMatchObject(found);
    // 4 of 6 columns: 6 of 15 pairs.
    expect(shareDone(keeper, ['encoder'])).toBeCloseTo(6 / 15, 12);
    expect(shareDone(keeper, ['encoder', 'decoder'])).toBeCloseTo(3 / 15, 12);
    expect(isSearched(keeper.shard, keeper.searches[0]!)).toBe(false);
    expect(await readdir(join(folder, 'new'))).toEqual(['kept.json']);
  });

  it.each<[string, object, RegExp]>([
    ['another k', { k: 4 }, /k was 3, now 4/],
    ['another part', { shard: { index: 2, count: 2 } }, /shard was 1\/2, now 2\/2/],
    ['another question', { asked: { '--spaces': 'decoder' } }, /--spaces was encoder, now decoder/],
    [
      'a question more',
      { asked: { ...place.asked, '--min-density': 0.1 } },
      /--min-density was not given, now 0\.1/,
    ],
  ])('%s is another search, and the file stays', async (_, change, message) => {
    const before = await readFile(kept, 'utf8');
    await expect(openPartKeeper({ ...place, ...change, path: kept })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('delete this one to begin anew'),
    });
    expect(await readFile(kept, 'utf8')).toBe(before);
  });

  it('other rows are another search', async () => {
    const keeper = await openPartKeeper({ ...place, path: kept });
    expect(() => keeper.begin({ ...search, a: identity(10, 'other') })).toThrow(/other rows, 10 x 7/);
  });

  it('is written anew where it was deleted meanwhile', async () => {
    const keeper = await openPartKeeper({ ...place, path: kept });
    keeper.begin(search);
    await rm(join(folder, 'new'), { recursive: true });
    await keeper.save('encoder', found);
    expect((await readPart(kept, 'kept.json'))?.searches[0]).toMatchObject(found);
  });
});
