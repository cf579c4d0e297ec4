/** @file Commands that open several SAEs: their labels, and closing them. */

import type { SaeFile } from '../sae/sae.ts';

export interface WithSae {
  readonly sae: SaeFile;
}

/** Rows of several SAEs share tables and are told apart by their labels: a label that comes again gets a number. */
export function withDistinctLabels<T extends WithSae>(inputs: readonly T[]): T[] {
  const seen = new Map<string, number>();
  return inputs.map((input) => {
    const { header } = input.sae;
    const { label } = header.identity;
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    if (count === 1) return input;
    const identity = { ...header.identity, label: `${label} (${count})` };
    return { ...input, sae: { ...input.sae, header: { ...header, identity } } };
  });
}

export async function closeAll(inputs: readonly WithSae[]): Promise<void> {
  for (const { sae } of inputs) await sae.close();
}
