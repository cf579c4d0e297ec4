/**
 * @file What a dry run can say of a steering experiment: everything where its SAE and its model are here, and where one is not, what follows from the spec
 * and from the name of the SAE, with what would be fetched.
 */

import { loadConcepts } from '../concepts/load_concepts.ts';
import { AntipodeError } from '../errors.ts';
import { addressOf } from '../sae/locate_sae.ts';
import type { SaeIdentity } from '../sae/sae.ts';
import { completeSpec, type SteeringSpec, subjectOfSpec } from '../steering/complete_spec.ts';
import type { GivenSpec } from '../steering/steering_spec.ts';
import type { CliContext } from './context.ts';
import type { JudgeFlags, JudgeName } from './judge_flags.ts';
import { checkJudges } from './judge_stage.ts';
import { type ModelPlan, planModel } from './model_plan.ts';
import { openGivenSae } from './open_named_sae.ts';

import { type PlannedFile, planExplanations } from './planned_files.ts';
import type { SaeFlags } from './sae_options.ts';
import { planSae, type SaePlan } from './sae_plan.ts';
import { openSteeringInputs } from './steer_open.ts';

export interface SteeringOutline {
  readonly spec: SteeringSpec;
  /** Of the SAE. */
  readonly label: string;
  /** Undefined where neither the spec nor the SAE's name says it. */
  readonly layer: number | undefined;
  readonly prompts: readonly { readonly text: string; readonly tokens: number }[];
  /** The tokenizer is here: else tokens are what the bytes of a prompt come to at most. */
  readonly areTokensCounted: boolean;
  readonly model: ModelPlan;
  readonly sae: SaePlan;
  /** What is not on this machine of both, and of judges that are models. */
  readonly files: readonly PlannedFile[];
}

/** @throws {AntipodeError} as `openSteeringInputs`, but not where a published SAE or a model of the hub is missing */
export async function outlineSteering(
  context: CliContext,
  given: GivenSpec,
  flags: SaeFlags,
): Promise<SteeringOutline> {
  const subject = subjectOfSpec(given);
  const [model, sae] = [
    await planModel(context, subject.model),
    await planSae(context, flags, { ref: subject.sae, isExplained: true }),
  ];
  const files = [...model.files, ...sae.files];
  if (model.state === 'here' && sae.state === 'here') {
    try {
      return { ...(await known(context, given, flags)), model, sae, files };
    } catch (error) {
      if (!isMissing(error) || given.unit !== 'max-activation') throw error;
    }
  }
  const identity = await identityOf(context, subject.sae, flags);
  const { cwd, stdin } = context;
  const concepts =
    given.concepts === undefined ? undefined : await loadConcepts(given.concepts, { cwd, stdin });
  const spec = completeSpec(given, { sae: identity, concepts });
  const explanations =
    spec.unit === 'max-activation' ? await planExplanations(context, identity.neuronpediaId) : [];
  return {
    spec,
    label: identity.label,
    layer: spec.layer ?? identity.layer,
    prompts: spec.prompts.map((text) => ({ text, tokens: mostTokens(text) })),
    areTokensCounted: false,
    model,
    sae,
    files: [...files, ...explanations],
  };
}

async function known(
  context: CliContext,
  given: GivenSpec,
  flags: SaeFlags,
): Promise<Omit<SteeringOutline, 'files' | 'model' | 'sae'>> {
  const { layer, prompts, sae, spec } = await openSteeringInputs(context, given, flags);
  await sae.close();
  return {
    spec,
    label: sae.header.identity.label,
    layer,
    prompts: prompts.map(({ text, tokens }) => ({ text, tokens: tokens.length })),
    areTokensCounted: true,
  };
}

/** Of a tokenizer that knows single bytes, with one that begins the text. */
function mostTokens(text: string): number {
  return Buffer.byteLength(text) + 1;
}

/** Of one that is here, or of its name; nothing is fetched or made. @throws {AntipodeError} `missing` for a file that is not there, and for a name that nothing has */
export async function identityOf(context: CliContext, ref: string, flags: SaeFlags): Promise<SaeIdentity> {
  try {
    const sae = await openGivenSae(context, flags, ref);
    await sae.close();
    return sae.header.identity;
  } catch (error) {
    if (!isMissing(error) || /^[./~]/.test(ref)) throw error;
    return addressOf(ref, { env: context.env, revision: flags.revision }).identity;
  }
}

/**
 * What judges that are models on this machine need; of the others, whether they can speak of these poles at all.
 * @throws {AntipodeError} `usage` where they cannot
 */
export async function planJudgeModels(
  context: CliContext,
  { flags, names, spec }: JudgesOfSpec,
): Promise<PlannedFile[]> {
  const { device, poles, precision, seed, threads } = spec;
  await checkJudges(
    context,
    {
      names: names.filter(({ kind }) => kind !== 'model'),
      flags,
      run: { precision, device, ...(threads !== undefined && { threads }) },
      poles: { a: poles.a.name, b: poles.b.name },
      seed,
    },
    false,
  );
  const files: PlannedFile[] = [];
  for (const name of names)
    if (name.kind === 'model') files.push(...(await planModel(context, name.ref)).files);
  return files;
}

export interface JudgesOfSpec {
  readonly spec: SteeringSpec;
  readonly names: readonly JudgeName[];
  readonly flags: JudgeFlags;
}

function isMissing(error: unknown): error is AntipodeError {
  return error instanceof AntipodeError && error.kind === 'missing';
}
