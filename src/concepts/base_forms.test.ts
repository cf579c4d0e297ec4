import { describe, expect, it } from 'vitest';
import { baseForms } from './base_forms.ts';

describe('baseForms', () => {
  it.each([
    ['happier', 'happy'],
    ['happiest', 'happy'],
    ['happily', 'happy'],
    ['sadder', 'sad'],
    ['bigger', 'big'],
    ['larger', 'large'],
    ['gently', 'gentle'],
    ['victories', 'victory'],
    ['successes', 'success'],
    ['losses', 'loss'],
    ['wolves', 'wolf'],
    ['pushes', 'push'],
    ['moved', 'move'],
    ['pulling', 'pull'],
    ['beginning', 'begin'],
    ['denied', 'deny'],
    ['worse', 'bad'],
    ['lost', 'lose'],
  ])('%s may come from %s', (form, base) => {
    expect(baseForms(form)).toContain(base);
  });

  it('never gives the word itself, nor a stem of two letters', () => {
    for (const word of ['is', 'bed', 'ring', 'sing', 'bus', 'happy', 'constructor', '__proto__']) {
      expect(baseForms(word)).not.toContain(word);
      expect(baseForms(word).filter((form) => form.length < 3)).toEqual([]);
    }
  });
});
