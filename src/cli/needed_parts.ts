/** @file What dry runs of commands about one model say where it, or the SAE beside it, is still to be fetched: the files, and what can be said without them. */

import type { CliContext } from './context.ts';
import { type ModelPlan, modelSentence, planModel } from './model_plan.ts';
import type { Result } from './output.ts';
import { type Downloads, downloadLines, downloadsOf } from './planned_files.ts';
import type { SaeFlags } from './sae_options.ts';
import { planSae, type SaePlan, saeSentence } from './sae_plan.ts';

export interface NeededParts {
  readonly model: ModelPlan;
  readonly sae: SaePlan | undefined;
  readonly downloads: Downloads;
}

/** Nothing to fetch. */
export const NO_DOWNLOADS: Downloads = { bytes: 0, of_unknown_size: 0, files: [] };

/** @returns undefined where nothing would be fetched: then everything is here, or something is missing that no fetching brings */
export async function partsToFetch(
  context: CliContext,
  {
    flags,
    model: ref,
    sae,
  }: { readonly model: string; readonly sae?: string | undefined; readonly flags: SaeFlags },
): Promise<NeededParts | undefined> {
  const model = await planModel(context, ref);
  const beside =
    sae === undefined ? undefined : await planSae(context, flags, { ref: sae, isExplained: true });
  const downloads = downloadsOf([...model.files, ...(beside?.files ?? [])]);
  return downloads.files.length === 0 ? undefined : { model, sae: beside, downloads };
}

export interface PartlyKnown {
  /** One line each, of what is known before the files are here. */
  readonly lines: readonly string[];
  /** The same for JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The document of such a dry run. */
export function fetchFirst({ downloads, model, sae }: NeededParts, { facts, lines }: PartlyKnown): Result {
  return {
    human: () =>
      [modelSentence(model), ...(sae ? [saeSentence(sae)] : []), ...downloadLines(downloads), ...lines].join(
        '\n',
      ),
    json: () => ({ dry_run: true, model, sae: sae ?? null, downloads, ...facts }),
    quiet: () => downloads.files.map(({ path, repository }) => `${repository} ${path}`),
  };
}
