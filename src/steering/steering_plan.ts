/**
 * @file The plan of a run, `steering.json`: all that its texts depend on, and no more. It is written before the first reply; a run that is taken up again
 * must have the same plan. Plain JSON, names in snake_case.
 */

import { createHash } from 'node:crypto';
import { AntipodeError } from '../errors.ts';
import type { ArmKind, ArmPart, Pole, SteerMethod, SteerPositions, StrengthUnit } from './arm.ts';
import type { MeanNorm, SteeringSpec } from './complete_spec.ts';
import type { ReplyPrompt } from './generate_replies.ts';
import { REPLY_BATCH_ROWS } from './reply_batch.ts';
import type { ArmIntervention, FeatureCoefficient } from './resolve_arms.ts';

export interface SteeringPlan {
  readonly schema: 'antipode-steering';
  readonly schema_version: 1;
  readonly title: string | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly model: PlannedModel;
  readonly sae: PlannedSae;
  readonly poles: {
    /** Null where the features were named. */
    readonly concept: string | null;
    readonly catalogue: string | null;
    readonly a: Pole;
    readonly b: Pole;
  };
  readonly prompts: readonly { readonly text: string; readonly tokens: readonly number[] }[];
  readonly chat: boolean;
  readonly system: string | null;
  readonly method: SteerMethod;
  readonly unit: StrengthUnit;
  readonly strength: number;
  readonly factors: readonly number[];
  readonly positions: SteerPositions;
  readonly mean_norm: MeanNorm | null;
  readonly sampling: {
    readonly temperature: number;
    readonly top_k: number | null;
    readonly top_p: number | null;
    readonly repetition_penalty: number | null;
  };
  readonly max_new_tokens: number;
  readonly stops: readonly string[];
  /** Per arm and prompt. */
  readonly replies: number;
  readonly examples: number;
  readonly seed: number;
  readonly batch_rows: number;
  /** In the order of each batch. */
  readonly arms: readonly PlannedArm[];
}

export interface PlannedModel {
  /** As it was named; another name for the same files is the same model. */
  readonly ref: string;
  /** Of the hub's repository, where the files lie in its cache. */
  readonly commit?: string | undefined;
  /** Of its files. */
  readonly fingerprint: string;
  readonly precision: string;
  readonly device: string;
  /** Null where texts do not depend on it. */
  readonly threads: number | null;
}

export interface PlannedSae {
  /** As it was named. */
  readonly ref: string;
  /** As the model's. */
  readonly commit?: string | undefined;
  readonly label: string;
  readonly neuronpedia_id: string | null;
  readonly d_sae: number;
  readonly layer: number;
  /** Where it reads and writes: `resid.20`. */
  readonly place: string;
}

export interface PlannedArm {
  readonly name: string;
  readonly kind: ArmKind;
  readonly parts: readonly ArmPart[];
  readonly factor: number;
  readonly length: number;
  readonly coefficients: readonly FeatureCoefficient[];
  /** SHA-256, in hexadecimal, of the vectors and numbers that the model is given, as float32; null where it is given none. */
  readonly sha256: string | null;
}

/** What is known once model and SAE are open. */
export interface SteeringFacts {
  /** Of antipode and of the engine. */
  readonly versions: Readonly<Record<string, string>>;
  readonly model: Omit<PlannedModel, 'ref'>;
  readonly sae: Omit<PlannedSae, 'ref'>;
  /** As the tokenizer, and the chat template, made them of the spec's. */
  readonly prompts: readonly ReplyPrompt[];
  readonly meanNorm: MeanNorm | undefined;
  /** Of the spec's arms, in their order. */
  readonly interventions: readonly ArmIntervention[];
}

export function steeringPlan(spec: SteeringSpec, facts: SteeringFacts): SteeringPlan {
  const { found, poles, sampling } = spec;
  return {
    schema: 'antipode-steering',
    schema_version: 1,
    title: spec.title ?? null,
    versions: facts.versions,
    model: { ref: spec.model, ...facts.model },
    sae: { ref: spec.sae, ...facts.sae },
    poles: { concept: found?.concept ?? null, catalogue: found?.catalogue ?? null, ...poles },
    prompts: facts.prompts.map(({ text, tokens }) => ({ text, tokens: Array.from(tokens) })),
    chat: spec.chat,
    system: spec.system ?? null,
    method: spec.method,
    unit: spec.unit,
    strength: spec.strength,
    factors: spec.factors,
    positions: spec.positions,
    mean_norm: facts.meanNorm ?? null,
    sampling: {
      temperature: sampling.temperature,
      top_k: sampling.topK ?? null,
      top_p: sampling.topP ?? null,
      repetition_penalty: sampling.repetitionPenalty ?? null,
    },
    max_new_tokens: spec.maxNewTokens,
    stops: spec.stops,
    replies: spec.replies,
    examples: spec.examples,
    seed: spec.seed,
    batch_rows: REPLY_BATCH_ROWS,
    // Last, so that what made them different is found first.
    arms: facts.interventions.map(plannedArm),
  };
}

function plannedArm({ arm, coefficients, edit, length, steering }: ArmIntervention): PlannedArm {
  const { factor, kind, name, parts } = arm;
  const values = [steering, edit?.read, edit?.write, edit?.offset, edit?.threshold, edit?.keep, edit?.target];
  return { name, kind, parts, factor, length, coefficients, sha256: hashOf(values) };
}

function hashOf(arrays: readonly (Float32Array | undefined)[]): string | null {
  if (arrays.every((values) => values === undefined)) return null;
  const hash = createHash('sha256');
  for (const values of arrays) {
    // What is not there is told apart from zeros.
    hash.update(`${values?.length ?? 'none'};`);
    if (values) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** The file's text. */
export function planText(plan: SteeringPlan): string {
  return `${JSON.stringify(plan, null, 1)}\n`;
}

/** What texts do not depend on: names for the same files are one. */
const NAMES = ['title', 'model.ref', 'model.commit', 'sae.ref', 'sae.commit'];

/**
 * @param folder for the message
 * @throws {AntipodeError} `usage` with the first thing that differs
 */
export function checkSamePlan(stored: SteeringPlan, plan: SteeringPlan, folder: string): void {
  // Through JSON, as the stored one went.
  const path = differenceOf(stored, JSON.parse(planText(plan)), '');
  if (path === undefined) return;
  const [had, has] = [stored, plan].map((one) => shownValue(valueAt(one, path)));
  throw new AntipodeError(
    'usage',
    `${folder}: holds the run of another plan: ${path} differs (got ${has}, expected ${had})`,
    {
      hint: 'give the new run a folder of its own with --out, or repeat the command of the first (antipode run --from steering makes the replies anew)',
    },
  );
}

/** The path of the first value that differs, as JSON has it; undefined where none does. */
function differenceOf(a: unknown, b: unknown, path: string): string | undefined {
  if (NAMES.includes(path) || Object.is(a, b)) return undefined;
  if (!isTree(a) || !isTree(b) || Array.isArray(a) !== Array.isArray(b)) return path;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = differenceOf(a[key], b[key], path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

function valueAt(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), tree);
}

const SHOWN = 60;

function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
