import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import {
  formatFeatureRef,
  MAX_FEATURE_INDEX,
  neuronpediaIdOf,
  neuronpediaUrl,
  parseFeatureRef,
  parseSourceRef,
} from './feature_ref.ts';

const full = { modelId: 'gemma-2-2b', sourceId: '20-gemmascope-res-16k', layer: 20 };

describe('feature ids (row C17)', () => {
  it.each(['20:5444', ' 20:5444\n'])('%j is layer and index', (text) => {
    expect(parseFeatureRef(text)).toEqual({ layer: 20, index: 5444 });
  });

  it.each([
    'gemma-2-2b/20-gemmascope-res-16k/5444',
    'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444',
    'https://neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444/',
    'http://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444?embed=true&embedexplanation=true',
    'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444#activations',
    'https://www.neuronpedia.org//gemma-2-2b/20-gemmascope-res-16k/5444/?a=b/c#d/e',
    'https://www.neuronpedia.org/api/feature/gemma-2-2b/20-gemmascope-res-16k/5444',
    'https://www.neuronpedia.org/embed/gemma-2-2b/20-gemmascope-res-16k/5444?height=300',
    'www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444',
    'HTTPS://NEURONPEDIA.ORG/gemma-2-2b/20-gemmascope-res-16k/5444',
    'https://www.neuronpedia.org/gemma%2D2%2D2b/20-gemmascope-res-16k/5444',
  ])('%s is a full id', (text) => {
    expect(parseFeatureRef(text)).toEqual({ ...full, index: 5444 });
  });

  it('takes a source without its model, and feature 0', () => {
    expect(parseFeatureRef('20-gemmascope-res-16k/0')).toEqual({
      sourceId: '20-gemmascope-res-16k',
      layer: 20,
      index: 0,
    });
    expect(parseFeatureRef('pythia-70m-deduped/e-att-sm/7')).toEqual({
      modelId: 'pythia-70m-deduped',
      sourceId: 'e-att-sm',
      index: 7,
    });
  });

  it('fills in what is known, and only there takes a bare index', () => {
    expect(parseFeatureRef('5444', full)).toEqual({ ...full, index: 5444 });
    expect(parseFeatureRef('20:7', full)).toEqual({ ...full, index: 7 });
    expect(parseFeatureRef('10:7', full)).toEqual({ layer: 10, index: 7 });
    expect(parseFeatureRef('20-gemmascope-res-16k/7', full)).toEqual({ ...full, index: 7 });
    expect(() => parseFeatureRef('5444')).toThrow(AntipodeError);
  });

  it.each([
    '',
    '20:',
    ':5',
    '20:-1',
    '20:1.5',
    '20:05444',
    '20:1:2',
    `20:${MAX_FEATURE_INDEX + 1}`,
    'a/b/c/5',
    'gemma-2-2b/20-gemmascope-res-16k',
    '../20-res/5',
    '20-res/../5',
    'https://example.org/gemma-2-2b/20-gemmascope-res-16k/5444',
    'https://www.neuronpedia.org.example.org/gemma-2-2b/20-gemmascope-res-16k/5444',
    'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k',
    'gemma%2F..%2F2b/20-res/5',
    'gemma%/20-res/5',
    'x'.repeat(10_000),
  ])('%# is refused with what was expected', (text) => {
    expect(() => parseFeatureRef(text)).toThrow(/not understood \(got '.*', expected 20:5444, .*\)/);
  });

  it('an address is not repeated with its password and its query', () => {
    const text = 'https://me:word@h/a.npz?t=word';
    expect(() => parseFeatureRef(text)).toThrow(/\(got 'https:\/\/h\/a\.npz', /);
  });

  it('every form that is printed is read back', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
    const ref = fc.record({ modelId: name, sourceId: name, index: fc.nat(MAX_FEATURE_INDEX) });
    fc.assert(
      fc.property(ref, ({ modelId, sourceId, index }) => {
        const text = formatFeatureRef({ modelId, sourceId, index });
        expect(parseFeatureRef(text)).toMatchObject({ modelId, sourceId, index });
        const url = neuronpediaUrl(`${modelId}/${sourceId}`, index);
        expect(parseFeatureRef(url)).toMatchObject({ modelId, sourceId, index });
      }),
    );
    expect(formatFeatureRef({ layer: 20, index: 5 })).toBe('20:5');
    expect(formatFeatureRef({ sourceId: '20-res', index: 5 })).toBe('20-res/5');
    expect(formatFeatureRef({ index: 5 })).toBe('5');
  });

  it('any text is a reference or an AntipodeError', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.webUrl({ withFragments: true, withQueryParameters: true })),
        (text) => {
          try {
            expect(Number.isSafeInteger(parseFeatureRef(text, full).index)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(AntipodeError);
          }
        },
      ),
    );
  });
});

describe('sources', () => {
  it('are read from ids, layers and addresses', () => {
    expect(parseSourceRef('gemma-2-2b/20-gemmascope-res-16k')).toEqual(full);
    expect(parseSourceRef('https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k?x=1')).toEqual(full);
    expect(parseSourceRef('https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5')).toEqual(full);
    expect(parseSourceRef('20')).toEqual({ layer: 20 });
    expect(parseSourceRef('20-gemmascope-res-16k')).toEqual({ sourceId: '20-gemmascope-res-16k', layer: 20 });
    for (const path of ['./labels', '../x', 'a/b/c', '', '/abs/path'])
      expect(parseSourceRef(path)).toBeUndefined();
  });

  it('have a Neuronpedia id where both parts are known', () => {
    expect(neuronpediaIdOf(full)).toBe('gemma-2-2b/20-gemmascope-res-16k');
    expect(neuronpediaIdOf({ layer: 20 })).toBeUndefined();
  });

  it('give the page of a feature', () => {
    expect(neuronpediaUrl('gemma-2-2b/20-gemmascope-res-16k', 5444)).toBe(
      'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444',
    );
    expect(neuronpediaUrl('a?b/c#d', 1)).toBe('https://www.neuronpedia.org/a%3Fb/c%23d/1');
  });
});
