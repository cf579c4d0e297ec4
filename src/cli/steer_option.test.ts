import { describe, expect, it } from 'vitest';
import { parseSteer } from './steer_option.ts';

describe('C16, C17: --steer FEATURE:STRENGTH', () => {
  it.each([
    ['20:11697:+40', 11697, 40, 20, undefined],
    ['20:11697:-12.5', 11697, -12.5, 20, undefined],
    ['7:3', 7, 3, undefined, undefined],
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

  it.each(['', '7', '20:', ':3', '20:11697:', '20:11697:x', '20:11697:1e999', '20:-3:4', 'a b:1'])(
    '%j is refused',
    (text) => {
      expect(() => parseSteer(text)).toThrowError(expect.objectContaining({ kind: 'usage' }));
    },
  );
});
