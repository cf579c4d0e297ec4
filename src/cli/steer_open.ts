/** @file Opens what a steering experiment needs: the SAE, the model's folder, its tokenizer and the prompts; and, once the model runs, the arms as vectors. */

import { availableParallelism } from 'node:os';
import { loadConcepts } from '../concepts/load_concepts.ts';
import { AntipodeError } from '../errors.ts';
import { hfPlaceOf } from '../hub/hf_cache.ts';
import { type ModelConfig, readModelConfig } from '../lm/config.ts';
import type { LanguageModel, Site } from '../lm/language_model.ts';
import { checkSampling } from '../lm/sampler.ts';
import { createStopMatcher } from '../lm/stop_sequences.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { Arm } from '../steering/arm.ts';
import { completeSpec, type MeanNorm, type SteeringSpec, subjectOfSpec } from '../steering/complete_spec.ts';
import type { GenerateRepliesOptions } from '../steering/generate_replies.ts';
import { measureReplyNorm } from '../steering/mean_norm.ts';
import { type ArmIntervention, type ResolveArmsOptions, resolveArms } from '../steering/resolve_arms.ts';
import type { SteeringFacts } from '../steering/steering_plan.ts';
import type { GivenSpec } from '../steering/steering_spec.ts';
import type { CliContext } from './context.ts';
import { noteShadowed } from './explanation_inputs.ts';
import { openImportedOrFetch } from './fetch_explanations.ts';
import { modelFingerprint } from './model_fingerprint.ts';
import {
  checkFits,
  checkPromptFlags,
  checkPromptLengths,
  modelFolder,
  type Prompt,
  readPrompts,
} from './model_inputs.ts';
import { openNamedSae } from './open_named_sae.ts';
import type { SaeFlags } from './sae_options.ts';
import { placeOfSae } from './sae_place.ts';
import { openSteadyModel } from './steady_model.ts';
import { onnxRuntimeVersion, packageVersion } from './version.ts';

/** All but the model itself, whose opening may take minutes. */
export interface SteeringInputs {
  readonly spec: SteeringSpec;
  /** To be closed. */
  readonly sae: SaeFile;
  readonly layer: number;
  readonly site: Site;
  readonly folder: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly prompts: readonly Prompt[];
  /** By feature, where the unit is `max-activation`. */
  readonly maxActivations: ReadonlyMap<number, number> | undefined;
}

/** @throws {AntipodeError} for what is missing, malformed or does not fit the rest */
export async function openSteeringInputs(
  context: CliContext,
  given: GivenSpec,
  flags: SaeFlags,
): Promise<SteeringInputs> {
  const { cwd, stdin } = context;
  const subject = subjectOfSpec(given);
  const folder = await modelFolder(context, subject.model);
  const sae = await openNamedSae(context, flags, subject.sae);
  try {
    const { identity } = sae.header;
    const concepts =
      given.concepts === undefined ? undefined : await loadConcepts(given.concepts, { cwd, stdin });
    const spec = completeSpec(given, { sae: identity, concepts });
    checkSampling(spec.sampling);
    createStopMatcher(spec.stops);
    const chat = { chat: spec.chat, ...(spec.system !== undefined && { system: spec.system }) };
    checkPromptFlags(spec.prompts, chat);
    const config = await readModelConfig(folder);
    const layer = layerOf(spec, sae);
    checkFits(sae.header, layer, config);
    const tokenizer = await openTokenizer(folder);
    const prompts = await readPrompts(context, spec.prompts, tokenizer, chat);
    checkPromptLengths(prompts, config);
    const site = placeOfSae(identity, layer);
    checkFeatures(spec, sae);
    const maxActivations =
      spec.unit === 'max-activation' ? await largestKnown(context, sae, spec.arms) : undefined;
    // Vectors need no model; where a length is still to be measured, any does to see whether there can be one.
    await resolveArms({ sae, site, ...armsOptions(spec, spec.meanNorm?.value ?? 1, maxActivations) });
    return { spec, sae, layer, site, folder, config, tokenizer, prompts, maxActivations };
  } catch (error) {
    await sae.close();
    throw error;
  }
}

/** @throws {AntipodeError} `usage` for a feature of a pole or an arm that the SAE has not */
function checkFeatures({ arms, poles }: SteeringSpec, { header: { dSae, identity } }: SaeFile): void {
  const named = [poles.a, poles.b, ...arms.flatMap(({ parts }) => parts)].flatMap(({ features }) => features);
  const beyond = named.find((feature) => feature >= dSae);
  if (beyond === undefined) return;
  throw new AntipodeError(
    'usage',
    `feature ${beyond}: ${identity.label} has none of that number (expected 0 to ${dSae - 1})`,
    { hint: 'antipode features search WORD finds features by their explanations' },
  );
}

function armsOptions(
  { arms, method, seed, unit }: SteeringSpec,
  meanNorm: number | undefined,
  maxActivations: ReadonlyMap<number, number> | undefined,
): Omit<ResolveArmsOptions, 'sae' | 'site'> {
  return {
    arms,
    unit,
    method,
    seed,
    ...(meanNorm !== undefined && { meanNorm }),
    ...(maxActivations && { maxActivations }),
  };
}

function layerOf({ layer: said }: SteeringSpec, { header: { identity } }: SaeFile): number {
  const layer = said ?? identity.layer;
  if (layer === undefined) {
    throw new AntipodeError('usage', `${identity.label}: its layer is not known`, {
      hint: 'add --layer, or layer to steering in the spec',
    });
  }
  if (identity.layer === undefined || identity.layer === layer) return layer;
  throw new AntipodeError(
    'usage',
    `${identity.label}: is of layer ${identity.layer}, not of layer ${layer}`,
    {
      hint: 'leave --layer, or layer in the spec, out: the SAE says it itself',
    },
  );
}

/** How replies are generated, for whoever generates them. */
export function generationOf({
  prompts,
  site,
  spec,
  tokenizer,
}: SteeringInputs): Pick<
  GenerateRepliesOptions,
  'maxNewTokens' | 'positions' | 'prompts' | 'sampling' | 'site' | 'stops' | 'tokenizer'
> {
  const { maxNewTokens, positions, sampling, stops } = spec;
  return { maxNewTokens, positions, prompts, sampling, site, stops, tokenizer };
}

/** To be closed. @throws {AntipodeError} as `openModel` */
export function openSteeredModel(
  context: CliContext,
  { folder, site, spec }: Pick<SteeringInputs, 'folder' | 'site' | 'spec'>,
): Promise<LanguageModel> {
  const { device, method, model, precision, threads } = spec;
  return openSteadyModel(context, {
    folder,
    flags: { model, precision, device, ...(threads !== undefined && { threads }) },
    use: 'generation',
    editSites: method === 'add' ? [] : [site],
  });
}

export interface ResolvedArms {
  readonly interventions: readonly ArmIntervention[];
  readonly meanNorm: MeanNorm | undefined;
  /** By feature, where the unit is `max-activation`. */
  readonly maxActivations: ReadonlyMap<number, number> | undefined;
}

/**
 * What the arms are to this model: vectors and edits. Measures the mean norm of the residual stream where the unit needs it and nobody said it.
 * @throws {AntipodeError} `usage` for features without a direction or a largest activation, and as `measureReplyNorm`
 */
export async function resolveSteering(
  context: CliContext,
  { maxActivations, prompts, sae, site, spec, tokenizer }: SteeringInputs,
  model: LanguageModel,
): Promise<ResolvedArms> {
  const { method, seed, unit } = spec;
  const { signal } = context;
  let { meanNorm } = spec;
  if (!meanNorm && unit === 'mean-norm' && (method === 'add' || method === 'clamp')) {
    const { value } = await measureReplyNorm({ model, tokenizer, site, prompts, seed, signal });
    meanNorm = { value, source: 'measured' };
  }
  const interventions = await resolveArms({
    sae,
    site,
    ...armsOptions(spec, meanNorm?.value, maxActivations),
  });
  return { interventions, meanNorm, maxActivations };
}

/** From what was imported for the SAE, or ships with it. */
async function largestKnown(
  context: CliContext,
  { header: { identity } }: SaeFile,
  arms: readonly Arm[],
): Promise<ReadonlyMap<number, number>> {
  const { label, neuronpediaId } = identity;
  const hint =
    'antipode features import brings them from a Neuronpedia export; or take --unit absolute or mean-norm';
  if (neuronpediaId === undefined) {
    throw new AntipodeError('missing', `${label}: the largest activations of its features are not known`, {
      hint,
    });
  }
  const known = await openImportedOrFetch(context, neuronpediaId);
  noteShadowed(context, known);
  const features = new Set(arms.flatMap(({ parts }) => parts.flatMap((part) => part.features)));
  return new Map(
    [...features].flatMap((feature) => {
      const largest = known.maxActivation(feature);
      return largest === undefined ? [] : [[feature, largest] as const];
    }),
  );
}

/** For the plan. */
export async function steeringFacts(
  { folder, layer, prompts, sae, site, spec }: SteeringInputs,
  model: LanguageModel,
  { interventions, meanNorm }: ResolvedArms,
): Promise<SteeringFacts> {
  const { dSae, identity } = sae.header;
  const isThreaded = model.precision === 'exact';
  return {
    versions: { antipode: packageVersion(), onnxruntime: onnxRuntimeVersion() },
    model: {
      ...commitOf(folder),
      fingerprint: await modelFingerprint(folder),
      precision: model.precision,
      device: model.device.name,
      threads: isThreaded ? (spec.threads ?? availableParallelism()) : null,
    },
    sae: {
      ...commitOf(sae.header.files[0]?.path ?? ''),
      label: identity.label,
      neuronpedia_id: identity.neuronpediaId ?? null,
      d_sae: dSae,
      layer,
      place: `resid.${site}`,
    },
    prompts,
    meanNorm,
    interventions,
  };
}

function commitOf(path: string): { readonly commit?: string } {
  const place = hfPlaceOf(path);
  return place ? { commit: place.commit } : {};
}
