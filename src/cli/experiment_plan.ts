/** @file `antipode run --dry-run`: what each stage would read, fetch, compute, generate and ask, and what is finished already. */

import { AntipodeError } from '../errors.ts';
import { finishedStages, type Stage } from '../experiment/stages.ts';
import { formatCount, plural } from '../report/display.ts';
import type { CliContext } from './context.ts';
import { openStageInputs } from './experiment_steering.ts';
import { JUDGE_DEFAULTS, type JudgeFlags, judgeNames } from './judge_flags.ts';
import { visible } from './output.ts';
import type { StageName } from './run_command.ts';
import type { Run } from './run_experiment.ts';
import { planSae, type SaePlan, saeSentence } from './sae_plan.ts';
import { type NamedBound, planSteering, steeringSentences } from './steer_plan_text.ts';

export interface PlannedExperiment extends Run {
  readonly stages: readonly Stage<StageName>[];
}

/** Exits with 0 also when something is missing: finding that out is what a dry run is for. */
export async function planExperiment(context: CliContext, planned: PlannedExperiment): Promise<void> {
  const { dir, shown, spec, stages } = planned;
  const saes: SaePlan[] = [];
  for (const { sae } of spec.saes) saes.push(await planSae(context, {}, sae));
  const pairs = saes.reduce((sum, { all_pairs }) => sum + (all_pairs ?? 0) * spec.geometry.spaces.length, 0);
  const steering = await steeringOf(context, planned);
  const finished = await finishedOf(stages, dir);
  context.out().result({
    human: ({ bold }) =>
      [
        bold('Would do, in this order:'),
        ...saes.map(saeSentence),
        `search ${formatCount(pairs)} pairs exhaustively, and test with ${plural(spec.geometry.draws, 'draw', 'draws')}`,
        ...(steering === undefined
          ? []
          : 'missing' in steering
            ? [steering.missing]
            : steering.sentences
        ).map(visible),
        ...(finished.length > 0 ? [`finished already: ${finished.join(', ')}`] : []),
        `write ${visible(shown)}`,
      ].join('\n'),
    json: () => ({
      dry_run: true,
      saes,
      pairs_searched: pairs,
      draws: spec.geometry.draws,
      steering: steering ?? null,
      finished,
      out: shown,
    }),
    quiet: () => saes.filter(({ state }) => state === 'missing').map(({ sae }) => sae),
  });
}

type SteeringPlanned =
  | { readonly missing: string }
  | {
      readonly replies: number;
      readonly judges: readonly NamedBound[];
      readonly sentences: readonly string[];
    };

async function steeringOf(
  context: CliContext,
  { flags, spec }: PlannedExperiment,
): Promise<SteeringPlanned | undefined> {
  if (!spec.steering) return undefined;
  try {
    const inputs = await openStageInputs(context, { given: spec.steering, threads: flags.threads });
    try {
      const judges: JudgeFlags = { ...JUDGE_DEFAULTS, judge: inputs.spec.judges };
      const plan = planSteering({ inputs, names: judgeNames(judges), flags: judges });
      return { replies: plan.replies, judges: plan.bounds, sentences: steeringSentences(plan) };
    } finally {
      await inputs.sae.close();
    }
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
