/** @file `antipode run --dry-run`: what each stage would read, fetch, compute, generate and ask, what that takes, and what is finished already. */

import { AntipodeError } from '../errors.ts';
import { finishedStages, type Stage } from '../experiment/stages.ts';
import { formatCount, plural } from '../report/display.ts';
import type { CliContext } from './context.ts';
import { noConcepts, ownCatalogue } from './geometry_inputs.ts';
import { type ConceptPlan, planConcepts } from './geometry_plan.ts';
import { JUDGE_DEFAULTS, type JudgeFlags, judgeNames } from './judge_flags.ts';
import { type ModelPlan, modelSentence } from './model_plan.ts';
import { visible } from './output.ts';
import { downloadLines, downloadsOf, type PlannedFile } from './planned_files.ts';
import type { StageName } from './run_command.ts';
import type { Run } from './run_experiment.ts';
import { planSae, type SaePlan, saeSentence } from './sae_plan.ts';
import { identityOf, outlineSteering, planJudgeModels } from './steer_outline.ts';
import { type PlannedSteering, planSteering, steeringSentences, workOf } from './steer_plan_text.ts';
import { estimateLines, estimateWork } from './work_estimate.ts';

export interface PlannedExperiment extends Run {
  readonly stages: readonly Stage<StageName>[];
}

interface ComparedSae extends SaePlan {
  /** Its own where the spec names none; null for an SAE that is not here, and whose own are not known. */
  readonly concepts: ConceptPlan | null;
}

/** Exits with 0 also when something is missing: finding that out is what a dry run is for. */
export async function planExperiment(context: CliContext, planned: PlannedExperiment): Promise<void> {
  const { dir, shown, spec, stages } = planned;
  const saes = await saesOf(context, planned);
  const { draws, spaces } = spec.geometry;
  const pairs = saes.reduce((sum, { all_pairs }) => sum + (all_pairs ?? 0) * spaces.length, 0);
  const steering = await steeringOf(context, planned);
  const plan = steering && 'plan' in steering ? steering.plan : undefined;
  const downloads = downloadsOf([
    ...saes.flatMap(({ files }) => files),
    ...(steering && 'plan' in steering ? steering.files : []),
  ]);
  const estimate = estimateWork(saes, spaces.length, plan && workOf(plan));
  const finished = await finishedOf(stages, dir);
  context.out().result({
    human: ({ bold }) =>
      [
        bold('Would do, in this order:'),
        ...saes.map(saeSentence),
        ...(plan ? [modelSentence(plan.outline.model)] : []),
        ...downloadLines(downloads),
        ...saes.flatMap(conceptSentence(spaces)),
        `search ${areKnown(saes) ? '' : 'at least '}${formatCount(pairs)} pairs exhaustively, and test with ${plural(draws, 'draw', 'draws')}`,
        ...(plan ? steeringSentences(plan).map(visible) : []),
        ...(steering && 'missing' in steering ? [visible(steering.missing)] : []),
        ...estimateLines(estimate, downloads.bytes),
        ...(finished.length > 0 ? [`finished already: ${finished.join(', ')}`] : []),
        `write ${visible(shown)}`,
      ].join('\n'),
    json: () => ({
      dry_run: true,
      saes,
      model: plan?.outline.model ?? null,
      downloads,
      pairs_searched: pairs,
      draws,
      steering: steering && ('plan' in steering ? factsOf(steering.plan) : steering),
      estimate,
      finished,
      out: shown,
    }),
    quiet: () => missingAmong([...saes, ...(plan ? [plan.outline.model] : [])]),
  });
}

function areKnown(saes: readonly SaePlan[]): boolean {
  return saes.every(({ features }) => features !== null);
}

async function saesOf(context: CliContext, { spec }: PlannedExperiment): Promise<ComparedSae[]> {
  const saes: ComparedSae[] = [];
  for (const { sae: ref, concepts, explanations } of spec.saes) {
    const plan = await planSae(context, {}, { ref, isExplained: explanations !== undefined });
    const named = concepts ?? (await catalogueFor(context, ref));
    const own = named === undefined ? [] : await planConcepts(context, { sae: [ref], concepts: [named] });
    saes.push({ ...plan, concepts: own[0] ?? null });
  }
  return saes;
}

/** Undefined where the SAE is a file that is not here. @throws {AntipodeError} `usage` where the spec has to name them */
async function catalogueFor(context: CliContext, ref: string): Promise<string | undefined> {
  const identity = await identityOf(context, ref, {}).catch((error: unknown) => {
    if (error instanceof AntipodeError && error.kind === 'missing') return undefined;
    throw error;
  });
  if (!identity) return undefined;
  const own = ownCatalogue(identity);
  if (!own) throw noConcepts(identity);
  return own.id;
}

function conceptSentence(spaces: readonly string[]): (sae: ComparedSae) => string[] {
  return ({ concepts, sae }) =>
    concepts === null
      ? []
      : [
          visible(
            `compare the ${plural(concepts.pairs, 'feature pair', 'feature pairs')} of ${concepts.id} in ${sae}, in ${spaces.join(' and ')}`,
          ),
        ];
}

function missingAmong(plans: readonly (ModelPlan | SaePlan)[]): string[] {
  const missing = plans.filter(({ state }) => state === 'missing');
  return missing.map((plan) => ('sae' in plan ? plan.sae : plan.model));
}

function factsOf({ bounds, judged, newTokens, outline, promptTokens, replies }: PlannedSteering): unknown {
  const { areTokensCounted, layer, sae, spec } = outline;
  return {
    model: spec.model,
    sae: sae.sae,
    layer: layer ?? null,
    arms: spec.arms.map(({ name }) => name),
    replies,
    judged_replies: judged,
    prompt_tokens: promptTokens,
    prompt_tokens_are: areTokensCounted ? 'counted' : 'at most',
    new_tokens_at_most: newTokens,
    judges: bounds,
  };
}

type SteeringPlanned =
  | { readonly missing: string }
  | { readonly plan: PlannedSteering; readonly files: readonly PlannedFile[] };

async function steeringOf(
  context: CliContext,
  { flags, spec }: PlannedExperiment,
): Promise<SteeringPlanned | undefined> {
  if (!spec.steering) return undefined;
  const { threads } = flags;
  try {
    const given = { ...spec.steering, ...(threads !== undefined && { threads }) };
    const outline = await outlineSteering(context, given, {});
    const judges: JudgeFlags = { ...JUDGE_DEFAULTS, judge: outline.spec.judges };
    const names = judgeNames(judges);
    return {
      plan: planSteering({ outline, names, flags: judges }),
      files: [
        ...outline.files,
        ...(await planJudgeModels(context, { spec: outline.spec, names, flags: judges })),
      ],
    };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    return { missing: `missing: ${error.message}${error.hint === undefined ? '' : `; next: ${error.hint}`}` };
  }
}

/** Where an input is missing nothing can be said, and so nothing is finished. */
async function finishedOf(stages: readonly Stage<StageName>[], dir: string): Promise<StageName[]> {
  try {
    return [...(await finishedStages(stages, dir))];
  } catch (error) {
    if (error instanceof AntipodeError && error.kind === 'missing') return [];
    throw error;
  }
}
