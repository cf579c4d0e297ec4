/** @file What `--dry-run` of a command about dictionaries prints: what is here and what is missing, the steps, what would be written. */

import type { CliContext } from './context.ts';
import { visible } from './output.ts';
import { downloadLines, downloadsOf } from './planned_files.ts';
import { type SaePlan, saeSentence } from './sae_plan.ts';

export interface DryRun {
  readonly saes: readonly SaePlan[];
  /** What is done with them, one line each, in order. */
  readonly steps: readonly string[];
  /** The same for JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** `--out` as the user wrote it. */
  readonly out: string | undefined;
}

/** No error also when something is missing: finding that out is what a dry run is for. */
export function showDryRun(context: CliContext, { saes, steps, facts, out }: DryRun): void {
  const missing = missingIn(saes);
  const downloads = downloadsOf(saes.flatMap(({ files }) => files));
  context.out().result({
    human: ({ bold }) =>
      [
        bold(missing.length > 0 ? 'Would do, once nothing is missing:' : 'Would do, in this order:'),
        ...saes.map(saeSentence),
        ...downloadLines(downloads),
        ...steps,
        out === undefined ? 'print the tables; write nothing' : `print the tables; write ${visible(out)}`,
        `${downloads.files.length > 0 ? '' : 'download nothing; '}call no language-model API (0 calls, no cost)`,
      ].join('\n'),
    json: () => ({ saes, downloads, ...facts, llm_calls: 0, cost_usd: 0, out: out ?? null }),
    quiet: () => missing,
  });
}

/** Is its size known before it is here? */
export function areKnown(saes: readonly SaePlan[]): boolean {
  return saes.every(({ features }) => features !== null);
}

function missingIn(saes: readonly SaePlan[]): string[] {
  return saes.filter(({ state }) => state === 'missing').map(({ sae }) => sae);
}
