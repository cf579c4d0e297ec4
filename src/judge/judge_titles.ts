/** @file Names for people of judges that stand in one table: one judge with two settings has one title. */

import type { Judge } from './judge.ts';

/** Of the hash that an id ends with; more where these do not tell two apart. */
const SHORT_ID = 6;

/** @returns by id; the title alone where no other judge has it, else with the first letters of what its id ends with: `sentiment lexicon VADER (3f09c2)` */
export function distinctTitles(judges: readonly Pick<Judge, 'id' | 'title'>[]): ReadonlyMap<string, string> {
  const byTitle = new Map<string, Set<string>>();
  for (const { id, title } of judges) byTitle.set(title, (byTitle.get(title) ?? new Set()).add(id));
  const titles = new Map<string, string>();
  for (const [title, ids] of byTitle) {
    for (const id of ids) titles.set(id, ids.size === 1 ? title : `${title} (${shortId(id, ids)})`);
  }
  return titles;
}

function shortId(id: string, ids: ReadonlySet<string>): string {
  const ends = [...ids].map(endOf);
  for (let length = SHORT_ID; length < endOf(id).length; length++) {
    const short = endOf(id).slice(0, length);
    if (ends.filter((one) => one.startsWith(short)).length === 1) return short;
  }
  const whole = endOf(id);
  return ends.filter((one) => one === whole).length === 1 ? whole : id;
}

function endOf(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1);
}
