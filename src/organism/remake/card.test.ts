import { describe, expect, test } from 'vitest';
import { parseConcepts } from '../../concepts/parse_concepts.ts';
import { PURITY_RULE } from '../catalogue/pole_features.ts';
import { POLES } from '../grammar/concepts.ts';
import { ORGANISM_SETTINGS } from '../settings.ts';
import { cardText, conceptsFound, type OrganismCard, parseCard, polesFound } from './card.ts';
import { amount, markdownTable, minutes } from './card_format.ts';
import { readmeText } from './card_readme.ts';
import type { CatalogueFeature, CatalogueResult } from './catalogue_stage.ts';
import { completeConcepts, conceptYaml } from './concept_yaml.ts';

function feature(index: number, more: Partial<CatalogueFeature> = {}): CatalogueFeature {
  const purity = { share: 0.9, effectiveWords: 4, tokens: 200, isPure: true };
  return { feature: index, topWords: ['merry', 'glad'], selection: purity, reporting: purity, ...more };
}

/** Features by pole; the others have none. */
function catalogue(
  layer: number,
  found: Readonly<Record<string, readonly CatalogueFeature[]>>,
): CatalogueResult {
  return {
    layer,
    rule: PURITY_RULE,
    texts: 4000,
    selectionTokens: 140_000,
    reportingTokens: 141_000,
    poles: POLES.map(({ id }) => ({ pole: id, pure: found[id]?.length ?? 0, features: found[id] ?? [] })),
  };
}

const BROKEN = { share: 0.6, effectiveWords: 3, tokens: 90, isPure: false };

const CATALOGUE = catalogue(1, {
  happy: [feature(3), feature(1999)],
  sad: [feature(17)],
  large: [feature(5)],
  fast: [feature(6)],
  slow: [feature(7, { reporting: BROKEN })],
});

const COUNTS = { a: 80, b: 1, none: 17, 'a to b': 1, 'b to a': 1 };

function card(): OrganismCard {
  const numbers = { texts: 1000, tokens: 36_000, explainedVariance: 0.97, l0: 15.5, dead: 3, dense: 20 };
  const measured = { ...numbers, cleanLoss: 0.8, splicedLoss: 0.804, meanAblatedLoss: 7.1 };
  const loss = { texts: 1000, tokens: 37_000, loss: 0.81, standardError: 0.004, unigramLoss: 5.6 };
  const chosen = {
    layer: 1,
    a: [3],
    b: [17, 21],
    relativeStrength: 0.45,
    ownShare: 0.9,
    contrastShare: 0.8,
    lossRatio: 1.3,
  };
  return {
    schema: 'organism-card',
    schemaVersion: 1,
    date: '2030-01-02',
    environment: {
      antipode: '1.0.0',
      node: '20.0.0',
      onnxruntime: '1.30.0',
      platform: 'linux x64',
      cpu: 'some | cpu',
      cores: 2,
    },
    settings: ORGANISM_SETTINGS,
    seconds: [{ stage: 'model', seconds: 605.2 }],
    corpus: {
      sha256: 'ab',
      texts: 20_000,
      distinctTexts: 19_980,
      meanTokens: 36.9,
      kinds: [{ kind: 'story', texts: 7400 }],
      reportingTextsSeen: 20,
    },
    tokenizer: { vocabulary: 2551, vocabularyRows: 2560 },
    model: { parameters: 1_116_288, trainedTokens: 6_144_000, curve: [], reporting: loss, sample: loss },
    saes: [
      {
        id: 'organism/1-res-2k',
        catalogueId: 'organism-1',
        layer: 1,
        dIn: 128,
        dSae: 2048,
        trainedActivations: 3_072_000,
        reporting: measured,
        sample: measured,
        explanations: { texts: 4000, tokens: 140_000, explained: 2045, byteLength: 90_000 },
        catalogue: CATALOGUE,
        concepts: completeConcepts(CATALOGUE),
      },
    ],
    steeringChoice: {
      chosen,
      strength: 7.24,
      perLayer: [{ ...chosen, meanNorm: 16.1, candidates: { a: [], b: [] } }],
    },
    steering: {
      layer: 1,
      concept: 'Happiness-Sadness',
      a: { pole: 'happy', label: 'Happiness', features: [3], each: 7 },
      b: { pole: 'sad', label: 'Sadness', features: [17, 21], each: 5 },
      strength: 7.24,
      prompt: 'How are you?',
      replies: 100,
      arms: ['none', '+a', '-a+b', 'random 1'].map((name) => ({
        name,
        counts: COUNTS,
        unsteeredNll: 0.91,
        examples: ['I am merry.\nYes.'],
      })),
    },
    files: [{ file: 'model/model.safetensors', bytes: 2_237_512, sha256: 'cd' }],
  };
}

describe('the card', () => {
  test('comes back from its file as it was, with keys in snake_case there', () => {
    const text = cardText(card());
    expect(parseCard(text)).toEqual(JSON.parse(JSON.stringify(card())));
    expect(text).toContain('"explained_variance": 0.97');
    expect(text).toContain('"a to b": 1');
    expect(text).not.toMatch(/"[a-z]+[A-Z]\w*":/);
  });

  test('counts poles whose features hold on the reporting texts, once each', () => {
    expect(polesFound(card().saes)).toEqual(['happy', 'sad', 'large', 'fast']);
    expect(polesFound([...card().saes, ...card().saes])).toHaveLength(4);
  });
});

describe('concepts with both sides', () => {
  test('by the rule are told from those that the concept file has with nearest features', () => {
    // Slowness did not keep the rule: Pace is in the file alone.
    expect(completeConcepts(CATALOGUE)).toEqual(['Happiness-Sadness', 'Pace']);
    expect(conceptsFound({ catalogue: CATALOGUE })).toEqual(['Happiness-Sadness']);
    const text = readmeText(card()).replace(/\s+/g, ' ');
    expect(text).toContain('for 4 of 52 poles, and for both sides of 1 of 26 concepts');
    expect(text).toContain('of 26 concepts `organism-1` has 2.');
  });
});

describe('the README', () => {
  const text = readmeText(card());

  test('says what the card says', () => {
    for (const part of [
      '1,116,288 parameters',
      '| explained variance | 0.9700 |',
      '| loss with the reconstruction | 0.8040 (+0.50 %) |',
      '| dead features | 3 (0.15 %) |',
      '4 of 52 poles',
      '| Happiness | 3: 0.90, 0.90; merry, glad, 1 more |',
      '| Slowness | 7: 0.90, 0.60 (not kept); merry, glad |',
      '| +Happiness | 80 | 1 | 17 | 1 | 1 | 0.91 |',
      '| -Happiness +Sadness | 80 |',
      '"I am merry. Yes."',
      '10.1 min on 2 cores',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  test('has tables of whole rows', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    const widths = rows.map((row) => row.replace(/\\\|/g, '').split('|').length);
    let width = 0;
    rows.forEach((row, i) => {
      // A rule follows each head.
      if (rows[i + 1]?.startsWith('|---')) width = widths[i]!;
      expect(widths[i], row).toBe(width);
    });
  });

  test('numbers are readable', () => {
    expect([0, 999, 1000, 1_116_288].map(amount)).toEqual(['0', '999', '1,000', '1,116,288']);
    expect([12.34, 90].map(minutes)).toEqual(['12.3 s', '1.5 min']);
    expect(markdownTable(['a', 'b'], [['x|y', '1']])).toBe('| a | b |\n|---|---:|\n| x\\|y | 1 |');
  });
});

describe('the concept file', () => {
  test('has the concepts with both poles, and is one that antipode reads', () => {
    const text = conceptYaml(CATALOGUE)!;
    const { concepts, neuronpediaId, layer, sae } = parseConcepts(
      'organism-1',
      Buffer.from(text),
      'organism-1.yaml',
    );
    expect({ neuronpediaId, layer, sae }).toEqual({
      neuronpediaId: 'organism/1-res-2k',
      layer: 1,
      sae: 'organism/1-res-2k',
    });
    expect(concepts).toEqual([
      {
        concept: 'Happiness-Sadness',
        a: { label: 'Happiness', features: [3, 1999] },
        b: { label: 'Sadness', features: [17] },
      },
      {
        concept: 'Pace',
        a: { label: expect.any(String), features: [6] },
        b: { label: expect.any(String), features: [7] },
      },
    ]);
  });

  test('is not written without a single one', () => {
    expect(conceptYaml(catalogue(2, { happy: [feature(1)] }))).toBeUndefined();
  });
});
