import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { AntipodeError } from '../errors.ts';
import { catalogue } from './catalogues.ts';
import { loadConcepts, MAX_CONCEPT_BYTES } from './load_concepts.ts';
import { parseConcepts } from './parse_concepts.ts';

const fixtures = new URL('../../test/fixtures/concepts/', import.meta.url).pathname;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-concepts-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

function parse(text: string): ReturnType<typeof parseConcepts> {
  return parseConcepts('c.yaml', Buffer.from(text));
}

/** The message of the error that `text` gives; fails where it gives none. */
function problemOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof AntipodeError) return error.message;
    throw error;
  }
  throw new Error('internal: expected a problem');
}

describe('loadConcepts', () => {
  it.each(['README.md', 'docs/guide.md'])('reads the file that %s shows', async (page) => {
    const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
    // Indented in a list there.
    const [, indent = '', shown = ''] = /^( *)```yaml\n(.*?\bconcept:.*?)^ *```$/ms.exec(text) ?? [];
    const { concepts } = parse(shown.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
    expect(concepts.length).toBeGreaterThan(0);
  });

  it('reads a YAML file with indices, references and a pasted address', async () => {
    const set = await loadConcepts('temperature.yaml', { cwd: fixtures });
    expect(set).toMatchObject({
      id: 'temperature.yaml',
      title: 'Temperature and time',
      sae: 'gemma-2-2b/20-gemmascope-res-16k',
      neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k',
      layer: 20,
      concepts: [
        {
          concept: 'Temperature',
          a: { label: 'Hot', features: [17, 4, 16383] },
          b: { label: 'Cold', features: [901, 17] },
        },
        { concept: 'Time', a: { label: 'Past', features: [4] }, b: { label: 'Future', features: [5] } },
      ],
    });
  });

  it('reads what `concepts show --json` prints, from a file and from stdin (row C20)', async () => {
    const shipped = catalogue('article-20')!;
    const json = JSON.stringify(shipped.concepts, null, '\t');
    await writeFile(join(dir, 'mine.json'), json);
    expect((await loadConcepts('mine.json', { cwd: dir })).concepts).toEqual(shipped.concepts);
    async function* stdin(): AsyncIterable<Uint8Array> {
      for (const byte of Buffer.from(json)) yield Uint8Array.of(byte);
    }
    const fromStdin = await loadConcepts('-', { stdin: stdin() });
    expect(fromStdin.concepts).toEqual(shipped.concepts);
    expect(fromStdin.id).toBe('stdin');
  });

  it('reports every problem of a file with its line and column', async () => {
    await expect(loadConcepts('broken.yaml', { cwd: fixtures })).rejects.toMatchObject({ kind: 'format' });
    const message = await loadConcepts('broken.yaml', { cwd: fixtures }).catch((e: Error) => e.message);
    const notAFeature = (got: string): string =>
      `not a feature (got ${got}, expected a whole number from 0 or a reference such as 20:5444)`;
    expect(String(message).split('\n  ')).toEqual([
      'broken.yaml: 11 problems',
      "broken.yaml:3:9: the file: unknown key 'author'",
      `broken.yaml:6:33: concepts[0].a.features[0]: ${notAFeature('-1')}`,
      `broken.yaml:6:37: concepts[0].a.features[1]: ${notAFeature('2.5')}`,
      `broken.yaml:6:42: concepts[0].a.features[2]: ${notAFeature('true')}`,
      'broken.yaml:7:33: concepts[0].b.features: is empty (expected at least one entry)',
      "broken.yaml:9:37: concepts[1].a.features[1]: feature 7 stands twice in 'Past'",
      'broken.yaml:10:36: concepts[1].b.features[0]: another SAE than the rest (got 10:5, expected one of gemma-2-2b/20-gemmascope-res-16k)',
      'broken.yaml:11:5: concepts[2]: no pair is left, because both sides are feature 3',
      "broken.yaml:11:14: concepts[2]: the concept name 'Time' stands twice",
      'broken.yaml:14:5: concepts[3].b: is missing (expected keys and values)',
      'broken.yaml:15:17: concepts[3].a.label: is empty (expected at least one character)',
    ]);
  });

  it('says what is missing, with the next command', async () => {
    await expect(loadConcepts('nothing.yaml', { cwd: dir })).rejects.toMatchObject({
      kind: 'missing',
      message:
        'nothing.yaml: neither a file nor a catalogue (article-10, article-20, organism-1, organism-2)',
      hint: 'antipode concepts list shows the catalogues',
    });
    await expect(loadConcepts('-')).rejects.toMatchObject({ kind: 'usage' });
  });

  it('refuses what is too large before reading it, and reads no more of stdin than it needs to', async () => {
    await writeFile(join(dir, 'large.yaml'), Buffer.alloc(MAX_CONCEPT_BYTES + 1, '#'));
    await expect(loadConcepts('large.yaml', { cwd: dir })).rejects.toThrow(/too large for concepts/);
    let given = 0;
    async function* endless(): AsyncIterable<Uint8Array> {
      for (;;) {
        given += 65_536;
        yield new Uint8Array(65_536);
      }
    }
    await expect(loadConcepts('-', { stdin: endless() })).rejects.toThrow(/too large for concepts/);
    expect(given).toBeLessThanOrEqual(MAX_CONCEPT_BYTES + 65_536);
  });

  it('refuses text that is not UTF-8', () => {
    expect(() => parseConcepts('c.yaml', Uint8Array.of(0x5b, 0xff, 0x5d))).toThrow('c.yaml: not UTF-8 text');
  });
});

describe('files from strangers', () => {
  const concept = (name: string): string =>
    `{concept: ${name}, a: {label: A, features: [1]}, b: {label: B, features: [2]}}`;

  it.each([
    ['', /c\.yaml:1:1: the file: got nothing, expected keys and values/],
    ['[]', /c\.yaml:1:1: the file: is empty \(expected at least one entry\)/],
    ['concepts: 3', /c\.yaml:1:11: concepts: got 3, expected a list/],
    ['a: [', /^c\.yaml:1:5: /],
    ['title: a\ntitle: b\nconcepts: []', /c\.yaml:2:1: the key 'title' stands here a second time/],
    [`- ${concept('x')}\n---\n- ${concept('y')}`, /several YAML documents/],
    ['[{"__proto__": 3}]', /unknown key '__proto__'/],
    ['- '.repeat(20_000), /nested too deeply/],
    ['['.repeat(500_000), /nested too deeply/],
    ['{a: '.repeat(100_000), /nested too deeply/],
    ['&a [*a]', /nested too deeply|aliases/],
    [`- {concept: x, a: &a {label: A, features: [1]}, b: [${'*a, '.repeat(200)}]}`, /more than 100 aliases/],
    [
      `[{concept: x, a: {label: A, features: [99999999999]}, b: {label: B, features: ['7:x']}}]`,
      /2 problems/,
    ],
  ])('%#: is one sentence', (text, pattern) => {
    expect(problemOf(text)).toMatch(pattern);
  });

  it('cannot multiply: an alias bomb is refused at once', () => {
    const names = [...'abcdefghi'];
    const lines = names.map((name, i) =>
      i === 0
        ? `a: &a [1, 1, 1, 1]`
        : `${name}: &${name} [${Array(9)
            .fill(`*${names[i - 1]}`)
            .join(', ')}]`,
    );
    const started = performance.now();
    expect(problemOf(lines.join('\n'))).toMatch(/more than 100 aliases/);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('may share a list by an alias', () => {
    const set = parse(`
- {concept: x, a: {label: A, features: &shared [1, 2]}, b: {label: B, features: [3]}}
- {concept: y, a: {label: A, features: *shared}, b: {label: B, features: [4]}}
`);
    expect(set.concepts[1]!.a.features).toEqual([1, 2]);
  });

  it('shows twenty problems and counts the rest', () => {
    const message = problemOf(JSON.stringify(Array.from({ length: 30 }, () => ({}))));
    const lines = message.split('\n');
    expect(lines[0]).toBe('c.yaml: 90 problems');
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('  … and 70 more');
  });

  it('holds the SAE of bare references, and its absence', () => {
    expect(parse(`[${concept('x')}]`)).not.toHaveProperty('layer');
    const layered = `[{concept: x, a: {label: A, features: ['10:1']}, b: {label: B, features: ['10:2']}}]`;
    expect(parse(layered)).toMatchObject({ layer: 10 });
    expect(parse(`{sae: ./my/params.npz, concepts: [${concept('x')}]}`)).toMatchObject({
      sae: './my/params.npz',
    });
    expect(parse(`{sae: ./my/params.npz, concepts: [${concept('x')}]}`)).not.toHaveProperty('neuronpediaId');
  });

  it('a file cut at any byte gives concepts or an AntipodeError', () => {
    const text = `title: T\nconcepts:\n- ${concept('x')}\n- concept: y\n  a: {label: "é", features: [3]}\n  b: {label: B, features: ["20:4"]}\n`;
    const bytes = Buffer.from(text);
    let whole = 0;
    for (let length = 0; length <= bytes.length; length++) {
      try {
        parseConcepts('c.yaml', bytes.subarray(0, length));
        whole += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
      }
    }
    expect(whole).toBeGreaterThan(0);
  });

  it('any bytes, and any change of one byte, give concepts or an AntipodeError', () => {
    const bytes = Buffer.from(JSON.stringify(catalogue('article-10')!.concepts.slice(0, 2)));
    const attempt = (input: Uint8Array): void => {
      try {
        parseConcepts('c.yaml', input);
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: runs(300) });
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: fc.constantFrom(...'{}[]:,-&*!|>"\'# \n\ta1') }), (s) =>
        attempt(Buffer.from(s)),
      ),
      { numRuns: runs(500) },
    );
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        attempt(changed);
      }),
      { numRuns: runs(300) },
    );
  });

  it('what was read can be written as JSON and read again', () => {
    const side = fc.uniqueArray(fc.nat(2 ** 31 - 1), { minLength: 2, maxLength: 6 });
    const label = fc
      .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
      .filter((s) => s.trim() === s && s !== '');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(label, side, side), { minLength: 1, maxLength: 5, selector: ([n]) => n }),
        (rows) => {
          const concepts = rows.map(([concept, a, b]) => ({
            concept,
            a: { label: 'A', features: a },
            b: { label: concept, features: b },
          }));
          expect(parse(JSON.stringify(concepts)).concepts).toEqual(concepts);
        },
      ),
    );
  });
});
