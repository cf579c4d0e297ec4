import { describe, expect, it } from 'vitest';
import { checkSameSae, parseAblate, parseClamp, parseSteer } from './steer_option.ts';

describe('C16, C17: --steer FEATURE:STRENGTH', () => {
  it.each([
    ['20:11697:+40', 11697, 40, 20, undefined],
    ['20:11697:-12.5', 11697, -12.5, 20, undefined],
    ['7:+3', 7, 3, undefined, undefined],
    ['7:3.0', 7, 3, undefined, undefined],
    ['0:-1e2', 0, -100, undefined, undefined],
    ['gemma-2-2b/20-gemmascope-res-16k/5444:.5', 5444, 0.5, 20, 'gemma-2-2b/20-gemmascope-res-16k'],
    [
      'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444:-3',
      5444,
      -3,
      20,
      'gemma-2-2b/20-gemmascope-res-16k',
    ],
  ])('%s', (text, feature, strength, layer, sae) => {
    expect(parseSteer(text)).toEqual({ feature, strength, layer, sae });
  });

  it.each([
    '',
    '7',
    '20:11697',
    '20:',
    ':3',
    '20:11697:',
    '20:11697:x',
    '20:11697:1e999',
    '20:-3:4',
    'a b:1',
    '20:3:NaN',
    '20:3:-Infinity',
    '20:3:+-4',
    '20:3:1e16',
  ])('%j is refused', (text) => {
    expect(() => parseSteer(text)).toThrowError(expect.objectContaining({ kind: 'usage' }));
  });

  it('two whole numbers may be meant in two ways', () => {
    expect(() => parseSteer('20:11697')).toThrowError(
      expect.objectContaining({
        message: '--steer: 20:11697 is a layer and a feature, or a feature and its strength',
        hint: 'write LAYER:20:11697, or 20:11697.0 for the layer of --sae',
      }),
    );
  });
});

describe('--clamp FEATURE:ACTIVATION and --ablate FEATURE', () => {
  it.each([
    ['20:11697:0', { feature: 11697, to: 0, layer: 20, sae: undefined }],
    ['7:12.5', { feature: 7, to: 12.5, layer: undefined, sae: undefined }],
    ['20-gemmascope-res-16k/3:-1', { feature: 3, to: -1, layer: 20, sae: undefined }],
  ])('--clamp %s', (text, term) => {
    expect(parseClamp(text)).toEqual(term);
  });

  it.each([
    ['20:11697', { feature: 11697, layer: 20, sae: undefined }],
    ['7', { feature: 7, layer: undefined, sae: undefined }],
    [
      'gemma-2-2b/20-gemmascope-res-16k/3',
      { feature: 3, layer: 20, sae: 'gemma-2-2b/20-gemmascope-res-16k' },
    ],
  ])('--ablate %s', (text, term) => {
    expect(parseAblate(text)).toEqual(term);
  });

  it.each(['', '7', '20:', '20:11697', '20:3:x', '20:3:1e16', ':0'])('--clamp %j is refused', (text) => {
    expect(() => parseClamp(text)).toThrowError(
      expect.objectContaining({ kind: 'usage', message: expect.stringMatching(/^(--clamp|feature): /) }),
    );
  });

  it.each(['', '20:', '20:3:4', '-1', 'a b', '1.5'])('--ablate %j is refused', (text) => {
    expect(() => parseAblate(text)).toThrowError(
      expect.objectContaining({ kind: 'usage', message: expect.stringMatching(/^(--ablate|feature): /) }),
    );
  });
});

describe('features are of the SAE that is opened', () => {
  const identity = { label: 'x', isSynthetic: false };
  const [here, other] = ['gemma-2-2b/20-gemmascope-res-16k', 'gemma-2-2b/12-gemmascope-res-16k'];
  const check = (neuronpediaId: string | undefined, ...texts: string[]): void =>
    checkSameSae(
      texts.map((text) => parseSteer(text)),
      { ...identity, ...(neuronpediaId !== undefined && { neuronpediaId }) },
      '--steer',
    );

  it('as far as both say which', () => {
    check(here, '20:3:1', '7:+2', `${here}/3:1`);
    check(undefined, `${other}/3:1`, `${other}/4:1`, '7:+2');
    expect(() => check(here, '20:3:1', `${other}/3:1`)).toThrow(
      `--steer: a feature belongs to ${other} (expected ${here})`,
    );
    expect(() => check(undefined, `${here}/3:1`, `${other}/3:1`)).toThrow(`belongs to ${other}`);
  });
});
