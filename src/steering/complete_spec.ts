/**
 * @file A steering experiment with nothing left open: the defaults of METHOD (section 5), what the embedded default recommends, and the arms. Only the mean
 * norm of the residual stream may still have to be measured (`mean_norm.ts`).
 */

import type { ConceptSet } from '../concepts/concept_set.ts';
import {
  type RecommendedSteering,
  recommendedSaeId,
  recommendedSteering,
} from '../concepts/recommended_steering.ts';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import { EMBEDDED_MODEL_ID } from '../hub/embedded_default.ts';
import type { PrecisionChoice } from '../lm/precision_names.ts';
import type { SamplingOptions } from '../lm/sampler.ts';
import type { DeviceChoice } from '../onnx/device.ts';
import type { SaeIdentity } from '../sae/sae.ts';
import type { Arm, PolePair, SteerMethod, SteerPositions, StrengthUnit } from './arm.ts';
import { MAX_REPLIES, MAX_STRENGTH } from './limits.ts';
import { findPair } from './pole_lookup.ts';
import { armsOfSpec } from './spec_arms.ts';
import type { GivenSpec } from './steering_spec.ts';

/** What METHOD and the article name, and what they leave open. */
export const STEERING_DEFAULTS = {
  prompt: 'How are you?',
  replies: 20,
  examples: 20,
  random: 3,
  temperature: 1,
  maxNewTokens: 64,
  seed: 0,
  judges: ['lexicon'],
} as const;

/** 100: `mag` of pyvene's tutorial; the article does not state its own. 1: as active as the feature ever is. 0.5: in the middle of what steers and stays readable. */
const STRENGTHS: Readonly<Record<StrengthUnit, number>> = {
  absolute: 100,
  'max-activation': 1,
  'mean-norm': 0.5,
};

export interface SteeringSpec {
  readonly title: string | undefined;
  readonly model: string;
  readonly sae: string;
  readonly layer: number | undefined;
  readonly poles: PolePair;
  /** The concept that the poles were found in, and the catalogue or file that has it; undefined where their features were named. */
  readonly found: { readonly concept: string; readonly catalogue: string } | undefined;
  readonly prompts: readonly string[];
  readonly chat: boolean;
  readonly system: string | undefined;
  readonly method: SteerMethod;
  /** Not looked at by `project-out` and `orthogonal`. */
  readonly unit: StrengthUnit;
  /** Of a pole; 1 for `project-out`, which has none. */
  readonly strength: number;
  readonly factors: readonly number[];
  /** For the unit `mean-norm`; undefined where it has to be measured. */
  readonly meanNorm: MeanNorm | undefined;
  readonly positions: SteerPositions;
  /** All of the run, controls first. */
  readonly arms: readonly Arm[];
  readonly replies: number;
  readonly examples: number;
  readonly sampling: SamplingOptions;
  readonly maxNewTokens: number;
  readonly stops: readonly string[];
  readonly seed: number;
  readonly judges: readonly string[];
  readonly precision: PrecisionChoice;
  readonly device: DeviceChoice;
  readonly threads: number | undefined;
}

export interface MeanNorm {
  /** Euclidean. */
  readonly value: number;
  /** `given`: by the spec. `card`: of the embedded default. `measured`: by this run. */
  readonly source: 'given' | 'card' | 'measured';
}

/** What has to be opened, before anything else can be known. @throws {AntipodeError} `usage` for another model than the embedded one without an SAE */
export function subjectOfSpec({ model = EMBEDDED_MODEL_ID, sae }: GivenSpec): {
  readonly model: string;
  readonly sae: string;
} {
  if (sae !== undefined) return { model, sae };
  if (model === EMBEDDED_MODEL_ID) return { model, sae: recommendedSaeId() };
  throw new AntipodeError('usage', `${shownName(model)}: no SAE is named whose features could steer it`, {
    hint: 'add sae (--sae) with one of its residual stream: antipode sae list',
  });
}

export interface CompleteSpecOptions {
  readonly sae: SaeIdentity;
  /** Those that `concepts` names. */
  readonly concepts?: ConceptSet | undefined;
}

/**
 * The unit is `mean-norm` with the embedded default, whose card says that norm, and `absolute` with others; the strength is the recommended one, else the
 * unit's usual one.
 * @throws {AntipodeError} `usage` and `missing` for poles that are not found or not named, arms and strengths that do not go together
 */
export function completeSpec(given: GivenSpec, options: CompleteSpecOptions): SteeringSpec {
  const { sae } = options;
  checkClaim(given, sae);
  const own = recommendedSteering(sae.neuronpediaId);
  const { found, poles, recommended } = findPoles(given, options);
  const { prompts = [own?.prompt ?? STEERING_DEFAULTS.prompt] } = given;
  const force = forceOf(given, { own, recommended });
  const sampling = {
    ...given.sampling,
    temperature: given.sampling?.temperature ?? own?.temperature ?? STEERING_DEFAULTS.temperature,
  };
  const { examples, replies } = amountsOf(given, sampling);
  checkPromptsDiffer(prompts);
  const arms = armsOf(given, poles, force);
  checkSize(arms.length - 1, prompts.length, { replies, examples });
  return {
    title: given.title,
    ...subjectOfSpec(given),
    layer: given.layer,
    poles,
    found,
    prompts,
    chat: given.chat ?? false,
    system: given.system,
    ...force,
    factors: given.strengths ?? [1],
    positions: given.positions ?? 'all',
    arms,
    replies,
    examples,
    sampling,
    maxNewTokens: given.maxNewTokens ?? STEERING_DEFAULTS.maxNewTokens,
    stops: given.stops ?? [],
    seed: given.seed ?? STEERING_DEFAULTS.seed,
    judges: given.judges ?? STEERING_DEFAULTS.judges,
    precision: given.precision ?? 'auto',
    device: given.device ?? 'auto',
    threads: given.threads,
  };
}

/** One of each where nothing is drawn: copies of one text are not more evidence than the text. */
function amountsOf(given: GivenSpec, sampling: SamplingOptions): Pick<SteeringSpec, 'examples' | 'replies'> {
  const usual = isGreedy(sampling) ? { examples: 1, replies: 1 } : STEERING_DEFAULTS;
  const { examples = usual.examples, replies = usual.replies } = given;
  checkDrawn('replies', replies, sampling);
  checkDrawn('examples', examples, sampling);
  return { examples, replies };
}

/** @throws {AntipodeError} `usage` where several replies are asked for and all would be one text */
export function checkDrawn(key: 'examples' | 'replies', count: number, sampling: SamplingOptions): void {
  if (count <= 1 || !isGreedy(sampling)) return;
  throw new AntipodeError(
    'usage',
    `${key}: the likeliest token is always taken, so that all ${count} would be the same text (expected 1)`,
    { hint: `ask for one (--${key} 1), or draw: --temp 0.7` },
  );
}

/** Whether the same prompt gives the same reply whatever the seed. */
export function isGreedy({ temperature, topK }: SamplingOptions): boolean {
  return temperature === 0 || topK === 1;
}

/** Seeds follow from the prompt's text: the same prompt again would give the same replies again. */
function checkPromptsDiffer(prompts: readonly string[]): void {
  const twice = prompts.find((prompt, i) => prompts.indexOf(prompt) !== i);
  if (twice === undefined) return;
  throw new AntipodeError(
    'usage',
    `prompts: ${JSON.stringify(shownName(twice))} stands twice, and would get the same replies twice`,
    { hint: 'give each prompt once; --replies asks for more replies to it' },
  );
}

interface FoundPoles extends Pick<SteeringSpec, 'found' | 'poles'> {
  /** Where these are the features that are recommended. */
  readonly recommended: RecommendedSteering | undefined;
}

function findPoles({ pair, poles }: GivenSpec, { concepts, sae }: CompleteSpecOptions): FoundPoles {
  if (pair !== undefined && poles !== undefined) {
    throw new AntipodeError('usage', 'pair and poles: both name the poles (expected one of them)');
  }
  if (poles) return { poles, found: undefined, recommended: undefined };
  const asked = pair ?? recommendedSteering(sae.neuronpediaId)?.concept;
  if (asked === undefined) {
    throw new AntipodeError('usage', 'pair: no poles are named', {
      hint: 'add pair (--pair) such as happy:sad, or poles with their features',
    });
  }
  const { catalogue, concept, poles: named, recommended } = findPair(asked, { sae, concepts });
  return { poles: named, found: { concept, catalogue }, recommended };
}

type Force = Pick<SteeringSpec, 'meanNorm' | 'method' | 'strength' | 'unit'>;

interface Recommendations {
  /** Of the SAE. */
  readonly own: RecommendedSteering | undefined;
  /** Of these poles. */
  readonly recommended: RecommendedSteering | undefined;
}

function forceOf(given: GivenSpec, { own, recommended }: Recommendations): Force {
  const { method = 'add', strength } = given;
  const unit = given.unit ?? (own ? 'mean-norm' : 'absolute');
  const meanNorm = unit === 'mean-norm' ? meanNormOf(given, own) : undefined;
  if (method === 'project-out') {
    const said = strength === undefined ? given.strengths && 'strengths' : 'strength';
    if (said === undefined) return { method, unit, strength: 1, meanNorm: undefined };
    throw new AntipodeError('usage', `${said}: project-out takes the poles away, whatever the strength`, {
      hint: `leave ${said} out, or take orthogonal, which multiplies what is there`,
    });
  }
  if (method === 'orthogonal') {
    if (strength !== undefined) return { method, unit, strength, meanNorm: undefined };
    throw new AntipodeError('usage', 'strength: is missing (orthogonal multiplies what is there with it)', {
      hint: 'add --strength 2, which doubles the poles’ share of the residual stream; project-out takes it away',
    });
  }
  const usual = unit === 'mean-norm' ? (recommended?.strength ?? STRENGTHS[unit]) : STRENGTHS[unit];
  return { method, unit, strength: strength ?? usual, meanNorm };
}

function meanNormOf({ meanNorm }: GivenSpec, own: RecommendedSteering | undefined): MeanNorm | undefined {
  if (meanNorm !== undefined) return { value: meanNorm, source: 'given' };
  return own && { value: own.meanNorm, source: 'card' };
}

function armsOf(given: GivenSpec, poles: PolePair, { method, strength }: Force): Arm[] {
  const { curve = [], strengths = [1] } = given;
  const isLength = method === 'add' || method === 'clamp';
  if (!isLength && curve.length > 0) {
    throw new AntipodeError('usage', `curve: ${method} adds nothing whose strength could rise`);
  }
  if (!isLength && given.matched === true) {
    throw new AntipodeError('usage', `matched: ${method} adds nothing whose length could be matched`);
  }
  const most = strength * Math.max(...strengths, ...curve);
  if (most > MAX_STRENGTH) {
    throw new AntipodeError(
      'usage',
      `${curve.length > 0 ? 'curve' : 'strengths'}: the strongest arm would have ${most} (strength ${strength} times its multiple; expected at most ${MAX_STRENGTH})`,
      { hint: 'take a smaller strength, or smaller multiples of it' },
    );
  }
  return armsOfSpec({
    poles,
    own: given.arms,
    method,
    strength,
    factors: strengths,
    curve,
    random: given.random ?? STEERING_DEFAULTS.random,
    matched: given.matched ?? (isLength && given.arms === undefined),
  });
}

/** Features of another SAE are other directions under the same numbers. */
function checkClaim({ claim }: GivenSpec, { label, layer, neuronpediaId }: SaeIdentity): void {
  const is = { layer, neuronpediaId };
  for (const key of ['neuronpediaId', 'layer'] as const) {
    if (claim?.[key] === undefined || is[key] === undefined || claim[key] === is[key]) continue;
    const said = key === 'layer' ? `layer ${claim[key]}` : claim[key];
    throw new AntipodeError('usage', `features: are of ${said}, and the SAE is ${neuronpediaId ?? label}`, {
      hint: 'one run takes features of one SAE: name that one',
    });
  }
}

/** @param arms all but `examples` */
function checkSize(
  arms: number,
  prompts: number,
  { examples, replies }: Pick<SteeringSpec, 'examples' | 'replies'>,
): void {
  const all = prompts * (arms * replies + examples);
  if (all <= MAX_REPLIES) return;
  const each = `${replies} for each of ${arms} arms${prompts === 1 ? '' : ` and ${prompts} prompts`}`;
  throw new AntipodeError(
    'usage',
    `replies: ${each}, and ${examples} examples, would be ${all} in all (expected at most ${MAX_REPLIES} in all)`,
    { hint: 'take fewer replies per arm, prompts, strengths or arms' },
  );
}
