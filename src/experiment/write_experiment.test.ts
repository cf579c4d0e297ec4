import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExperiment } from './experiment_spec.ts';
import { writeExperiment } from './write_experiment.ts';

const ORGANISM = { sae: 'organism/1-res-2k', concepts: undefined };

describe('a new experiment', () => {
  it('is one as it stands, with and without steering', () => {
    const spec = parseExperiment(
      writeExperiment({ title: undefined, saes: [ORGANISM], steering: undefined }),
      'new',
    );
    expect(spec.saes).toEqual([{ ...ORGANISM, explanations: undefined, explainer: undefined }]);
    expect(spec.steering).toBeUndefined();
    const steering = { model: 'google/gemma-2-2b', sae: 'organism/1-res-2k', pair: 'happy:sad' };
    expect(
      parseExperiment(writeExperiment({ title: 'Mine', saes: [ORGANISM], steering }), 'new'),
    ).toMatchObject({ title: 'Mine', steering: { ...steering, replies: 20, seed: 0 } });
  });

  it('with its comments taken away steers', () => {
    const text = writeExperiment({ title: undefined, saes: [ORGANISM], steering: undefined });
    const start = text.indexOf('# steering:');
    const uncommented = text.slice(0, start) + text.slice(start).replace(/^# /gm, '');
    expect(parseExperiment(uncommented, 'new').steering).toMatchObject({
      pair: 'happy:sad',
      sae: ORGANISM.sae,
    });
  });

  it('keeps every name as it was given', () => {
    const name = fc
      .oneof(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.constantFrom(
          'yes',
          '1e3',
          '- a',
          'a: b',
          '#c',
          "it's",
          '"q"',
          '{}',
          '~',
          '!x',
          '&a',
          'a\nb',
          '%',
          'a\nb: "c',
          "a\r\n'b",
        ),
      )
      .filter((text) => text.trim() !== '')
      .map((text) => text.trim());
    fc.assert(
      fc.property(name, name, (sae, concepts) => {
        const text = writeExperiment({ title: concepts, saes: [{ sae, concepts }], steering: undefined });
        const spec = parseExperiment(text, 'new');
        expect(spec.saes[0]).toMatchObject({ sae, concepts });
        expect(spec.title).toBe(concepts);
      }),
    );
  });
});
