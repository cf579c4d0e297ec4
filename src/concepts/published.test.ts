import { describe, expect, it } from 'vitest';
import { catalogue } from './catalogues.ts';
import { allPublished, footnotesAt, type Published, publishedFor } from './published.ts';

const [layer10, layer20] = allPublished() as [Published, Published];

describe('publishedFor', () => {
  it('finds the tables by every name of the two SAEs', () => {
    for (const published of [layer10, layer20]) {
      expect(publishedFor({ neuronpediaId: published.neuronpediaId })).toEqual(published);
      for (const name of published.releases) expect(publishedFor(name)).toEqual(published);
    }
    expect(
      publishedFor({ release: 'gemma-scope-2b-pt-res', saeId: 'layer_20/width_16k/average_l0_71' })?.id,
    ).toBe('article-20');
  });

  it('matches nothing else, and never generated weights', () => {
    expect(publishedFor({})).toBeUndefined();
    expect(publishedFor({ neuronpediaId: 'gemma-2-2b/11-gemmascope-res-16k' })).toBeUndefined();
    expect(publishedFor({ neuronpediaId: layer10.neuronpediaId, isSynthetic: true })).toBeUndefined();
  });

  it('lets the exact name decide where the two names differ', () => {
    const saeId = 'layer_20/width_16k/average_l0_38';
    const key = { release: 'gemma-scope-2b-pt-res', saeId, neuronpediaId: layer20.neuronpediaId };
    expect(publishedFor(key)).toBeUndefined();
  });
});

describe('the published numbers', () => {
  it('are those of the tables', () => {
    expect(layer10.cosine.decoder.antonym).toEqual({
      average: 0.00111,
      strongestAlignment: { cosine: 0.29599, pair: [13487, 6381], concept: 'Happy-Sad' },
      strongestOpposition: { cosine: -0.11335, pair: [9852, 2778], concept: 'Bright-Dark' },
    });
    expect(layer10.cosine.encoder.antonym.average).toBe(0.01797);
    expect(layer20.cosine.decoder.antonym.strongestAlignment.cosine).toBe(0.4919);
    expect(layer20.cosine.encoder.random.strongestOpposition).toEqual({
      cosine: -0.03588,
      pair: [5438, 11079],
      concept: 'Legal Documents - Chemical Formulations',
    });
    expect(layer10.sameFeature.antonym).toEqual({
      average: 0.71861,
      highest: { cosine: 0.88542, feature: 4605, concept: 'Sequential Processing' },
      lowest: { cosine: 0.47722, feature: 6381, concept: 'Sadness' },
    });
    expect(layer20.sameFeature.random.average).toBe(0.74233);
  });

  it.each([layer10, layer20])(
    '$id: antonym pairs are pairs of its catalogue, each inside its range',
    (published) => {
      const concepts = catalogue(published.id)!.concepts;
      for (const { antonym, random } of Object.values(published.cosine)) {
        for (const { cosine, pair } of [antonym.strongestAlignment, antonym.strongestOpposition]) {
          const [a, b] = pair;
          expect(concepts.some((c) => c.a.features.includes(a) && c.b.features.includes(b))).toBe(true);
          expect(Math.abs(cosine)).toBeLessThan(1);
        }
        for (const table of [antonym, random]) {
          expect(table.strongestOpposition.cosine).toBeLessThan(table.average);
          expect(table.strongestAlignment.cosine).toBeGreaterThan(table.average);
        }
      }
    },
  );

  it.each([layer10, layer20])(
    '$id: the exhaustive lists have ten rows each, most extreme first',
    ({ exhaustive }) => {
      const { aligned, opposed } = exhaustive;
      expect([aligned.length, opposed.length]).toEqual([10, 10]);
      const down = aligned.map(({ cosine }) => cosine);
      const up = opposed.map(({ cosine }) => cosine);
      expect(down).toEqual([...down].sort((a, b) => b - a));
      expect(up).toEqual([...up].sort((a, b) => a - b));
      for (const row of [...aligned, ...opposed]) {
        expect(row.featureA).toBeLessThan(row.featureB);
        expect(row.featureB).toBeLessThan(16_384);
        expect(row.explanationA).not.toBe('');
        expect(row.explanationB).not.toBe('');
      }
    },
  );

  it('keep the explanations as printed', () => {
    expect(layer20.exhaustive.opposed[0]).toEqual({
      cosine: -0.99212,
      featureA: 6631,
      featureB: 8684,
      explanationA: 'the beginning of a text or important markers in a document',
      explanationB: 'technical jargon and programming-related terms',
    });
  });
});

describe('footnotes', () => {
  it('stand at the cell and at everything below a path', () => {
    const ids = (path: string, published = layer20): string[] =>
      footnotesAt(published, path).map(({ id }) => id);
    expect(ids('cosine/encoder/antonym/strongest_opposition')).toContain('repeated-opposition');
    expect(ids('cosine/encoder/antonym/strongest_opposition')).toContain('which-space');
    expect(ids('cosine/encoder/antonym/strongest_alignment')).not.toContain('repeated-opposition');
    expect(ids('cosine/encoder/antonym/strongest_opposition', layer10)).not.toContain('repeated-opposition');
    expect(ids('exhaustive/decoder/opposed', layer10)).toContain('body-skips-rows');
    expect(ids('')).toEqual(['which-sae']);
  });

  it('each point at something that exists', () => {
    const places: Record<string, unknown> = {};
    const walk = (value: unknown, path: string): void => {
      places[path] = value;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      for (const [key, child] of Object.entries(value)) {
        walk(child, `${path}/${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`);
      }
    };
    for (const published of [layer10, layer20]) {
      const { space, ...lists } = published.exhaustive;
      walk({ ...published, exhaustive: { [space]: lists } }, published.id);
    }
    for (const { footnotes } of [layer10, layer20]) {
      expect(footnotes.length).toBeGreaterThan(4);
      for (const { appliesTo } of footnotes)
        for (const path of appliesTo) expect(places).toHaveProperty([path]);
    }
  });
});
