import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readArticle } from './article.ts';
import { articleOpposites, readOpposites } from './discover_axes.ts';
import { readWordnet } from './wordnet.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { axes, compounds, lookalikes } = readWordnet();

/** Kinds of both words on the axes that have one on either side. */
function kindsOf(left: string, right: string): string[] {
  return axes.flatMap(([a, b]) => {
    const find = (side: typeof a, word: string): string | undefined =>
      side.find((one) => one.word === word)?.kind;
    const kinds = [find(a, left) ?? find(b, left), find(b, right) ?? find(a, right)];
    const isOpposed = (find(a, left) && find(b, right)) || (find(b, left) && find(a, right));
    return isOpposed ? [kinds.join('-')] : [];
  });
}

describe('the table of WordNet', () => {
  it.each([
    ['hot', 'cold', 'exact-exact'],
    ['large', 'small', 'exact-exact'],
    ['success', 'failure', 'exact-exact'],
    ['happiness', 'unhappiness', 'exact-exact'],
    ['correctly', 'incorrectly', 'exact-exact'],
    ['coldness', 'hot', 'derived-exact'],
    ['frosty', 'hot', 'similar-exact'],
    ['increase', 'decrease', 'exact-exact'],
  ])('has %s against %s', (left, right, kinds) => {
    expect(kindsOf(left, right)).toContain(kinds);
  });

  it('has no word on both sides, and shares from 0 to 1', () => {
    expect(axes.length).toBeGreaterThan(2500);
    for (const [a, b] of axes) {
      const onA = new Set(a.map(({ word }) => word));
      expect(b.filter(({ word }) => onA.has(word))).toEqual([]);
      for (const side of [a, b]) {
        expect(side.some(({ kind }) => kind === 'exact')).toBe(true);
        for (const { share } of side) expect(share > 0 && share <= 1).toBe(true);
      }
    }
  });

  it('knows names that mean no opposite, and words that look like a form', () => {
    expect(['high school', 'heart failure', 'common cold'].filter((name) => !compounds.has(name))).toEqual(
      [],
    );
    // Opposites themselves: the left hand and the right hand.
    expect(['left hand', 'high tide'].filter((name) => compounds.has(name))).toEqual([]);
    expect([lookalikes.has('number'), lookalikes.has('loved')]).toEqual([true, false]);
  });

  it('comes with its licence', () => {
    const licence = readFileSync(new URL('../../data/WORDNET_LICENSE.txt', import.meta.url), 'utf8');
    expect(licence).toContain('WordNet 3.1 Copyright 2011 by Princeton University');
    for (const name of ['antonyms', 'compounds', 'lemmas']) {
      const text = readFileSync(new URL(`../../data/wordnet_${name}.txt`, import.meta.url), 'utf8');
      expect(text.split('\n')[0]).toContain('Princeton University');
    }
  });

  // The program reads the built package, and WordNet's files, which are a development dependency.
  const isBuilt = existsSync(join(root, 'dist/concepts/base_forms.js'));
  it.skipIf(!isBuilt)(
    'is what scripts/wordnet_table.mjs writes (needs dist)',
    async () => {
      const dir = await mkdtemp(join(tmpdir(), 'antipode-wordnet-'));
      try {
        execFileSync(process.execPath, [join(root, 'scripts/wordnet_table.mjs'), dir]);
        for (const name of [
          'wordnet_antonyms.txt',
          'wordnet_compounds.txt',
          'wordnet_lemmas.txt',
          'WORDNET_LICENSE.txt',
        ]) {
          expect(
            readFileSync(join(dir, name), 'utf8') === readFileSync(join(root, 'data', name), 'utf8'),
            name,
          ).toBe(true);
        }
      } finally {
        await rm(dir, { recursive: true });
      }
    },
    30_000,
  );
});

describe('the opposites of the article', () => {
  it('are the concepts of both its catalogues, with their labels', () => {
    const listed = new Map(articleOpposites().map(({ concept, a, b }) => [concept, [a, b]]));
    const concepts = readArticle().catalogues.flatMap((catalogue) => catalogue.concepts);
    expect([...listed.keys()].sort()).toEqual([...new Set(concepts.map(({ concept }) => concept))].sort());
    for (const { concept, a, b } of concepts) {
      expect([a.label.split('/')[0], b.label]).toEqual(listed.get(concept));
    }
  });

  it('take in the words that WordNet has for the same opposites', () => {
    const { axes: all } = readOpposites();
    const size = all.find(({ concept }) => concept === 'Size')!;
    expect([size.sides[0].get('large')?.kind, size.sides[0].get('colossal')?.kind]).toEqual([
      'listed',
      'similar',
    ]);
    expect(all.filter(({ sides }) => sides[0].get('large')?.kind === 'exact')).toEqual([]);
  });

  it('a word stands on one side of an axis, and cues belong to words that are there', () => {
    const file = JSON.parse(readFileSync(new URL('../../data/opposites.json', import.meta.url), 'utf8')) as {
      senses: { word: string; opposite: string }[];
    };
    const { axes: all } = readOpposites();
    for (const { sides } of all) {
      for (const word of sides[0].keys()) expect(sides[1].has(word)).toBe(false);
    }
    const unused = file.senses.filter(
      ({ word, opposite }) =>
        !all.some(({ sides }) =>
          [0, 1].some((side) => sides[side]!.get(word)?.cues && sides[1 - side]!.has(opposite)),
        ),
    );
    expect(unused).toEqual([]);
  });
});
