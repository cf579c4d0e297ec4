import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openImported } from '../features/open_explanations.ts';
import { readArticle } from './article.ts';
import { DISCOVER_DEFAULTS, type Discovery, discoverOpposites, type FeatureText } from './discover.ts';
import { readOpposites } from './discover_axes.ts';
import { mentionsIn } from './mentions.ts';

/** Each feature of a catalogue of the article, explained by the label that the article gives its side; and what else it explains, to be in the way. */
function labelsOf(id: string): FeatureText[] {
  const { catalogues, published } = readArticle();
  const concepts = catalogues.find((one) => one.id === id)!.concepts;
  const { aligned, opposed } = published.find((one) => one.id === id)!.exhaustive.decoder;
  return [
    ...concepts.flatMap(({ a, b }) =>
      [a, b].flatMap(({ label, features }) => features.map((feature) => ({ feature, text: label }))),
    ),
    ...[...aligned, ...opposed].flatMap((row) => [
      { feature: row.feature_a, text: row.explanation_a },
      { feature: row.feature_b, text: row.explanation_b },
    ]),
  ];
}

/** Concepts of a catalogue that some proposal has a pair of, and the share of their pairs that are proposed. */
function foundOf(id: string, { concepts }: Discovery): { found: string[]; pairs: number } {
  const proposed = new Set(
    concepts.flatMap(({ pairs }) =>
      pairs.flatMap(({ a, b }) => [`${a.feature} ${b.feature}`, `${b.feature} ${a.feature}`]),
    ),
  );
  const catalogue = readArticle().catalogues.find((one) => one.id === id)!;
  const hits = catalogue.concepts.map(({ concept, a, b }) => {
    const pairs = a.features.flatMap((left) => b.features.map((right) => `${left} ${right}`));
    return { concept, all: pairs.length, hits: pairs.filter((pair) => proposed.has(pair)).length };
  });
  const sum = (pick: (hit: (typeof hits)[number]) => number): number =>
    hits.reduce((total, hit) => total + pick(hit), 0);
  return {
    found: hits.filter((hit) => hit.hits > 0).map(({ concept }) => concept),
    pairs: sum((hit) => hit.hits) / sum((hit) => hit.all),
  };
}

describe('on the labels of the article', () => {
  it.each([['article-10'], ['article-20']])('finds every concept and every pair of %s', (id) => {
    const { found, pairs } = foundOf(id, discoverOpposites(labelsOf(id)));
    expect(found).toHaveLength(20);
    expect(pairs).toBe(1);
  });

  // What the list of the article's concepts adds: docs/concepts.md quotes these numbers.
  it.each([
    ['article-10', 9],
    ['article-20', 12],
  ])('WordNet alone finds of %s %i of 20', (id, count) => {
    const options = { ...DISCOVER_DEFAULTS, lists: ['wordnet'] as const };
    expect(foundOf(id, discoverOpposites(labelsOf(id), options)).found).toHaveLength(count);
  });

  it.each([
    [20, 4429, 'terms related to racing and speed', 'Pace', 'Speed'],
    [20, 15271, 'instances of failure or inadequacy', 'Outcome', 'Failure'],
    [20, 7769, 'terms related to fear and anxiety', 'Tranquility', 'Anxious'],
    [10, 2864, 'expressions of excitement or enthusiasm', 'Engagement', 'Excitement'],
    [10, 11624, 'the concept of complexity in various contexts', 'Complexity', 'Complex'],
    [10, 5283, 'specific unique identifiers or symbols in the text', 'Uniqueness', 'Unique'],
  ])(
    'layer %i, feature %i: its published explanation, "%s", is on the side of the article',
    (layer, feature, text, concept, label) => {
      const catalogue = readArticle().catalogues.find(({ id }) => id === `article-${layer}`)!;
      const { a, b } = catalogue.concepts.find((one) => one.concept === concept)!;
      expect([a, b].find((side) => side.label === label)!.features).toContain(feature);
      const opposites = readOpposites();
      const found = mentionsIn(text, opposites).mentions.filter(
        ({ axis }) => opposites.axes[axis]!.concept === concept,
      );
      expect(found.map(({ axis, side }) => opposites.axes[axis]!.labels![side])).toEqual([label]);
      expect(found[0]!.strength).toBeGreaterThanOrEqual(DISCOVER_DEFAULTS.minScore);
    },
  );
});

describe('on explanations that a person has judged', () => {
  interface Judged {
    readonly source: string;
    readonly a: number;
    readonly b: number;
    readonly right: boolean;
    readonly explanation_a?: string;
    readonly explanation_b?: string;
  }
  const golden = JSON.parse(
    readFileSync(new URL('../../test/golden/discovered_opposites.json', import.meta.url), 'utf8'),
  ) as { proposals: Judged[] };
  const labels17 = new URL(
    '../../../shared/data/neuronpedia/labels-17-gemmascope-res-65k.json',
    import.meta.url,
  );

  function check(source: string, texts: readonly FeatureText[], precision: number): void {
    const discovery = discoverOpposites(texts, { ...DISCOVER_DEFAULTS, limit: 10_000 });
    const proposed = new Set(
      discovery.concepts.flatMap(({ pairs }) => pairs.map(({ a, b }) => `${a.feature} ${b.feature}`)),
    );
    const judged = golden.proposals.filter((one) => one.source === source);
    const still = judged.filter(({ a, b }) => proposed.has(`${a} ${b}`));
    expect(judged.filter(({ right, a, b }) => right && !proposed.has(`${a} ${b}`))).toEqual([]);
    expect(still.filter(({ right }) => right).length / still.length).toBeGreaterThanOrEqual(precision);
  }

  it('the sample is 100 proposals, 71 of them right', () => {
    expect(golden.proposals).toHaveLength(100);
    expect(golden.proposals.filter(({ right }) => right)).toHaveLength(71);
  });

  it.each([
    ['organism/1-res-2k', 34 / 42],
    ['organism/2-res-2k', 30 / 44],
  ])('%s: no right proposal is lost, and no more are wrong', async (source, precision) => {
    const lookup = await openImported(source, { env: {} });
    const texts = lookup
      .explained()
      .flatMap((feature) => lookup.all(feature).map(({ text }) => ({ feature, text })));
    check(source, texts, precision);
  });

  it.each([
    ['gemma-2-2b/20-gemmascope-res-16k', 2 / 4],
    ['gemma-2-2b/10-gemmascope-res-16k', 0 / 1],
  ])('%s, the explanations that the sample quotes', (source, precision) => {
    const texts = golden.proposals
      .filter((one) => one.source === source)
      .flatMap(({ a, b, explanation_a, explanation_b }) => [
        { feature: a, text: explanation_a! },
        { feature: b, text: explanation_b! },
      ]);
    check(source, texts, precision);
  });

  it.skipIf(!existsSync(labels17))(
    'gemma-2-2b/17-gemmascope-res-65k (needs ../shared/data/neuronpedia, absent: skipped)',
    () => {
      const labels = JSON.parse(readFileSync(labels17, 'utf8')) as Record<string, { description: string }>;
      const texts = Object.entries(labels).map(([index, { description }]) => ({
        feature: Number(index),
        text: description,
      }));
      check('gemma-2-2b/17-gemmascope-res-65k', texts, 5 / 9);
    },
  );
});

describe('proposals', () => {
  const options = { ...DISCOVER_DEFAULTS, minScore: 0.5 };
  const texts: FeatureText[] = [
    { feature: 3, text: 'hot water' },
    { feature: 1, text: 'the word "hot"' },
    { feature: 7, text: 'cold' },
    { feature: 8, text: 'the common cold and influenza' },
    { feature: 9, text: 'hot and cold water' },
    { feature: 5, text: 'not cold' },
  ];

  it('a concept is its sides, all their combinations, and the lesser strength of each', () => {
    const { concepts, contrasting, explained } = discoverOpposites(texts, options);
    const [temperature, ...others] = concepts;
    expect(others).toEqual([]);
    expect(temperature).toMatchObject({ concept: 'cold-hot', list: 'wordnet' });
    expect(temperature!.a.features.map(({ feature }) => feature)).toEqual([7]);
    expect(temperature!.b.features.map(({ feature }) => feature)).toEqual([1, 3, 5]);
    expect(temperature!.pairs.map(({ a, b }) => [a.feature, b.feature])).toEqual([
      [7, 1],
      [7, 3],
      [7, 5],
    ]);
    for (const { a, b, score } of temperature!.pairs) expect(score).toBe(Math.min(a.strength, b.strength));
    expect([contrasting, explained]).toEqual([1, 6]);
  });

  it('the least score and the number per side decide what is kept', () => {
    const strict = discoverOpposites(texts, { ...options, minScore: 0.86 });
    expect(strict.concepts[0]!.b.features.map(({ feature }) => feature)).toEqual([1]);
    const few = discoverOpposites(texts, { ...options, perSide: 1 });
    expect([few.concepts[0]!.pairs.length, few.concepts[0]!.b.found]).toEqual([1, 3]);
    expect(discoverOpposites(texts, { ...options, minScore: 1 }).concepts).toEqual([]);
  });

  it('a feature whose explanations disagree is on neither side', () => {
    const { concepts } = discoverOpposites([...texts, { feature: 7, text: 'hot' }], options);
    expect(concepts).toEqual([]);
  });

  it('a word of a list that everything speaks of is worth less', () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ feature: 100 + i, text: 'hot' }));
    const { concepts } = discoverOpposites([...many, { feature: 7, text: 'cold' }], {
      ...options,
      minScore: 0,
    });
    const { b } = concepts[0]!;
    expect(b.features[0]!.rarity).toBeCloseTo(Math.sqrt(20 / 200), 12);
    expect(b.features[0]!.strength).toBeLessThan(0.35);
  });

  it('the same opposites in other words are proposed once', () => {
    const both = discoverOpposites(
      [
        { feature: 1, text: 'happiness' },
        { feature: 2, text: 'unhappiness' },
        { feature: 3, text: 'joy' },
        { feature: 4, text: 'sorrow' },
      ],
      options,
    );
    expect(both.concepts.map(({ concept }) => concept)).toEqual(['Happiness-Sadness']);
    expect(both.concepts[0]!.pairs).toHaveLength(4);
  });

  it('the order of the texts changes nothing', () => {
    const pool = fc.constantFrom(
      ...[
        'hot',
        'cold',
        'not hot',
        'light',
        'dark',
        'happy and sad',
        'success',
        'failure',
        'heart failure',
        'left',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ feature: fc.nat({ max: 20 }), text: pool }), { maxLength: 30 }),
        fc.infiniteStream(fc.nat({ max: 1000 })),
        (rows, keys) => {
          const shuffled = rows
            .map((row) => ({ row, key: keys.next().value as number }))
            .sort((left, right) => left.key - right.key)
            .map(({ row }) => row);
          expect(discoverOpposites(shuffled)).toEqual(discoverOpposites(rows));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('nothing explained gives nothing', () => {
    expect(discoverOpposites([])).toEqual({
      concepts: [],
      total: 0,
      explained: 0,
      mentioning: 0,
      contrasting: 0,
    });
  });

  it.each([
    ['not '.repeat(500_000)],
    ['happy'.repeat(500_000)],
    ['"'.repeat(1_000_000)],
    [`a${'-a'.repeat(500_000)}`],
    ['\u0000\u2028\ud800'.repeat(100_000)],
    ['light '.repeat(300_000)],
  ])('a text of any size ends (%#)', (text) => {
    expect(
      discoverOpposites([
        { feature: 0, text },
        { feature: 1, text: 'dark' },
      ]).explained,
    ).toBe(2);
  });
});
