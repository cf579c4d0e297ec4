import { describe, expect, it } from 'vitest';
import { integerOption, spacesOption, subsetOption } from './options.ts';
import { formatBytes } from './output.ts';

describe('C8: option values that are off fail with usage and say what was expected', () => {
  it.each(['', 'x', '1.5', '1e3', '-1', '99', ' 3', '0x10', '9007199254740993'])('integer %j', (text) => {
    expect(() => integerOption('--top', 0, 50)(text)).toThrow(
      /--top: got .*, expected an integer from 0 to 50/,
    );
  });

  it('integers inside the range pass, both ends included', () => {
    expect([integerOption('--seed', 0)('0'), integerOption('--seed', 0, 7)('7')]).toEqual([0, 7]);
  });

  it('subsets keep the known order, whatever the order asked', () => {
    expect(spacesOption('decoder, encoder')).toEqual(['encoder', 'decoder']);
    expect(subsetOption('--only', ['a', 'b', 'c'])('c,a,c')).toEqual(['a', 'c']);
  });

  it.each(['', 'decoders', 'encoder,', 'both'])('unknown member in %j', (text) => {
    expect(() => spacesOption(text)).toThrow(/--spaces: got .*expected some of encoder, decoder/);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [302_211_886, '302 MB'],
    [19_300_000_000, '19 GB'],
    [99_960, '100 kB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
