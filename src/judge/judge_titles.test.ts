import { expect, test } from 'vitest';
import { distinctTitles } from './judge_titles.ts';

const VADER = 'sentiment lexicon VADER';

test('a judge alone has its title; those of one title are told apart by their ids, in as few letters as do', () => {
  const judges = [
    { id: 'lexicon-vader-0123456789ab', title: VADER },
    { id: 'gpt-4o-host-aa', title: 'gpt-4o at host' },
    { id: 'lexicon-vader-fedcba987654', title: VADER },
    // Another pass of the first.
    { id: 'lexicon-vader-0123456789ab', title: VADER },
  ];
  expect([...distinctTitles(judges).values()]).toEqual([
    `${VADER} (012345)`,
    `${VADER} (fedcba)`,
    'gpt-4o at host',
  ]);
  const close = [
    { id: 'x-0123456789ab', title: 'x' },
    { id: 'x-0123457', title: 'x' },
    { id: 'y-0123457', title: 'x' },
    { id: 'x-012345', title: 'x' },
  ];
  const titles = [...distinctTitles(close).values()];
  expect(titles[0]).toBe('x (0123456)');
  expect(new Set(titles).size).toBe(4);
  expect(distinctTitles([])).toEqual(new Map());
});
