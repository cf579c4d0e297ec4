/** @file List prices of the judges that specs name, for the bound of a dry run where nobody gives a price; what a judge has cost is counted with given prices alone. */

import type { JudgeFlags, JudgeName } from './judge_flags.ts';

interface ListPrice {
  /** USD per million tokens. */
  readonly in: number;
  readonly out: number;
  readonly basis: string;
}

/** As platform.openai.com/docs/pricing listed them in May 2026. */
const OPENAI: Readonly<Record<string, Pick<ListPrice, 'in' | 'out'>>> = {
  'gpt-4o': { in: 2.5, out: 10 },
  'gpt-4o-mini': { in: 0.15, out: 0.6 },
};

function listPrice(name: JudgeName): ListPrice | undefined {
  if (name.kind !== 'endpoint' || !URL.canParse(name.url)) return undefined;
  if (new URL(name.url).host !== 'api.openai.com' || !Object.hasOwn(OPENAI, name.model)) return undefined;
  const price = OPENAI[name.model];
  return price && { ...price, basis: 'USD, at the list price of May 2026' };
}

/** The flags with a price in them where one is listed and none was given, and what to call it. */
export function withListPrice<Flags extends Pick<JudgeFlags, 'judgePriceIn' | 'judgePriceOut'>>(
  name: JudgeName,
  flags: Flags,
): { readonly flags: Flags; readonly basis: string } {
  const isGiven = flags.judgePriceIn !== undefined || flags.judgePriceOut !== undefined;
  const listed = isGiven ? undefined : listPrice(name);
  return listed
    ? { flags: { ...flags, judgePriceIn: listed.in, judgePriceOut: listed.out }, basis: listed.basis }
    : { flags, basis: 'at the prices given' };
}
