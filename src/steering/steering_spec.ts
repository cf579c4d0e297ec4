/**
 * @file A steering experiment as somebody asks for it: a YAML (or JSON) spec, or the same from flags. Everything wrong with a file is said at once, each with
 * line and column. What is not said has its default in `complete_spec.ts`; nothing is opened here.
 */

import { describe, noteIssues, short, shownPath, yamlProblems } from '../concepts/yaml_problems.ts';
import { type Path, type Problem, parseYaml } from '../concepts/yaml_text.ts';
import { AntipodeError } from '../errors.ts';
import { MAX_FEATURE_INDEX, neuronpediaIdOf, parseFeatureRef } from '../features/feature_ref.ts';
import type { PrecisionChoice } from '../lm/precision_names.ts';
import type { SamplingOptions } from '../lm/sampler.ts';
import type { DeviceChoice } from '../onnx/device.ts';
import type { PolePair, SteerMethod, SteerPositions, StrengthUnit } from './arm.ts';
import { poleFeaturesProblem, poleNameProblem } from './pole_problems.ts';
import { type FileArm, SPEC_KEYS, type SpecFile, specShape } from './spec_shape.ts';

/** A part of an arm that somebody made up. */
export interface SpecPart {
  /** A pole's name, or features of the SAE. */
  readonly of: { readonly pole: string } | { readonly features: readonly number[] };
  /** In the unit of the run; negative pushes the other way. Left out for `project-out`, which has none. */
  readonly strength?: number;
}

export interface SpecArm {
  readonly name: string;
  readonly parts: readonly SpecPart[];
}

export interface SaeClaim {
  readonly layer?: number;
  /** `gemma-2-2b/20-gemmascope-res-16k`. */
  readonly neuronpediaId?: string;
}

/** What was said, and nothing else. A flag of a command goes over what a file says: `{ ...file, ...flags }`. */
export interface GivenSpec {
  readonly title?: string;
  /** As in `antipode generate`. */
  readonly model?: string;
  readonly sae?: string;
  /** Of the SAE, where its files do not say it. */
  readonly layer?: number;
  /** A concept file, or the id of a catalogue, that `pair` is looked up in. */
  readonly concepts?: string;
  readonly pair?: string;
  /** Instead of `pair`. */
  readonly poles?: PolePair;
  /** What references such as `20:5444` say about the SAE that they belong to. */
  readonly claim?: SaeClaim;
  readonly prompts?: readonly string[];
  readonly chat?: boolean;
  readonly system?: string;
  readonly method?: SteerMethod;
  readonly unit?: StrengthUnit;
  readonly strength?: number;
  /** Multiples of the strength, for a sweep: every arm once for each. */
  readonly strengths?: readonly number[];
  /** Further multiples at which each pole alone, and a random direction, are pushed: labels against strength. */
  readonly curve?: readonly number[];
  /** Of the residual stream, for the unit `mean-norm`; measured where nobody says it. */
  readonly meanNorm?: number;
  readonly positions?: SteerPositions;
  /** Instead of the article's. */
  readonly arms?: readonly SpecArm[];
  readonly random?: number;
  readonly matched?: boolean;
  readonly replies?: number;
  readonly examples?: number;
  readonly sampling?: Partial<SamplingOptions>;
  readonly maxNewTokens?: number;
  readonly stops?: readonly string[];
  readonly seed?: number;
  readonly judges?: readonly string[];
  readonly precision?: PrecisionChoice;
  readonly device?: DeviceChoice;
  readonly threads?: number;
}

const CORRECT = 'correct it there, then run the same command again';
const KNOWN_KEYS = `a spec may hold ${SPEC_KEYS.join(', ')}`;

/**
 * @param name begins every line of the message
 * @throws {AntipodeError} `format`, one line per problem, at most 20 of them
 */
export function parseSteeringSpec(text: string, name: string): GivenSpec {
  const yaml = parseYaml(text, name);
  const problems: Problem[] = [...yaml.problems];
  const note = (path: Path, problem: string): void => {
    problems.push({ offset: yaml.offsetOf(path), text: problem });
  };
  if (yaml.value !== undefined) {
    const result = specShape.safeParse(yaml.value, { reportInput: true });
    if (!result.success) noteIssues(result.error.issues, [], note);
    else {
      const given = readSteeringSpec(result.data, note);
      if (problems.length === 0) return given;
    }
  }
  const isUnknown = problems.some(({ text: problem }) => problem.startsWith('the file: unknown key'));
  throw yamlProblems(name, yaml, problems, isUnknown ? KNOWN_KEYS : CORRECT);
}

export type NoteProblem = (path: Path, problem: string) => void;

/** Notes problems, and what references have said so far. */
interface Reading {
  readonly note: NoteProblem;
  claim: SaeClaim;
}

/** What a spec of the right shape says; `note` hears of what contradicts itself. */
export function readSteeringSpec(file: SpecFile, note: NoteProblem): GivenSpec {
  const reading: Reading = { note, claim: {} };
  const { arms, max_new_tokens, mean_norm, poles, sampling, ...same } = file;
  if (file.pair !== undefined && poles !== undefined) {
    note(['poles'], 'poles: stands beside pair (expected one of them)');
  }
  for (const other of ['strengths', 'arms'] as const) {
    if (file.curve !== undefined && file[other] !== undefined) {
      note(['curve'], `curve: stands beside ${other} (expected one of them; strengths repeats every arm)`);
    }
  }
  noteRepeated(file.strengths, ['strengths'], note);
  noteRepeated(file.curve, ['curve'], note);
  noteRepeated(file.prompts, ['prompts'], note);
  const given = {
    ...same,
    maxNewTokens: max_new_tokens,
    meanNorm: mean_norm,
    sampling: sampling && {
      temperature: sampling.temperature,
      topK: sampling.top_k,
      topP: sampling.top_p,
      repetitionPenalty: sampling.repetition_penalty,
    },
    poles: poles && readPoles(poles, reading),
    arms: arms?.map((arm, index) => readArm(arm, ['arms', index], reading)),
  };
  return withoutUndefined({
    ...given,
    ...(Object.keys(reading.claim).length > 0 && { claim: reading.claim }),
    ...(given.sampling && { sampling: withoutUndefined(given.sampling) }),
  }) as GivenSpec;
}

function noteRepeated(values: readonly (number | string)[] = [], path: Path, note: NoteProblem): void {
  values.forEach((value, index) => {
    if (values.indexOf(value) === index) return;
    note([...path, index], `${shownPath(path)}: ${describe(value)} stands twice`);
  });
}

function readPoles(
  poles: Readonly<Record<string, readonly (number | string)[]>>,
  reading: Reading,
): PolePair | undefined {
  const { note } = reading;
  const named = Object.entries(poles);
  const [a, b] = named;
  if (!a || !b || named.length !== 2) {
    note(['poles'], `poles: got ${named.length} names, expected two, each with its features`);
    return undefined;
  }
  for (const [name] of named) {
    const problem = poleNameProblem(name);
    if (problem !== undefined) note(['poles', name], `poles: ${problem}`);
  }
  if (a[0] === b[0]) note(['poles'], `poles: both are called ${a[0]}`);
  const features = ([name, list]: typeof a): number[] => readFeatures(list, ['poles', name], reading);
  const pair = { a: { name: a[0], features: features(a) }, b: { name: b[0], features: features(b) } };
  const problem = poleFeaturesProblem(pair);
  if (problem !== undefined) note(['poles', b[0]], `poles: ${problem}`);
  return pair;
}

function readArm({ name, parts }: FileArm, path: Path, reading: Reading): SpecArm {
  return {
    name,
    parts: parts.map(({ features, pole, strength }, index) => {
      const at = [...path, 'parts', index];
      if ((features === undefined) === (pole === undefined)) {
        reading.note(at, `${shownPath(at)}: expected either pole or features`);
      }
      const list = readFeatures(features ?? [], [...at, 'features'], reading);
      const of = pole === undefined ? { features: list } : { pole };
      return { of, ...(strength !== undefined && { strength }) };
    }),
  };
}

function readFeatures(list: readonly (number | string)[], path: Path, reading: Reading): number[] {
  const features: number[] = [];
  list.forEach((entry, index) => {
    const at = [...path, index];
    const feature = readFeature(entry, reading);
    if (typeof feature === 'string') reading.note(at, `${shownPath(at)}: ${feature}`);
    else if (features.includes(feature))
      reading.note(at, `${shownPath(at)}: feature ${feature} stands twice`);
    else features.push(feature);
  });
  return features;
}

/** The index, or what is wrong with it. */
function readFeature(entry: number | string, reading: Reading): number | string {
  if (typeof entry === 'number') {
    if (Number.isInteger(entry) && entry >= 0 && entry <= MAX_FEATURE_INDEX) return entry + 0;
    return `got ${entry}, expected a feature's index, or a reference such as 20:5444`;
  }
  try {
    const ref = parseFeatureRef(entry);
    const { claim } = reading;
    const said = { layer: ref.layer, neuronpediaId: neuronpediaIdOf(ref) };
    for (const key of ['layer', 'neuronpediaId'] as const) {
      if (said[key] === undefined || claim[key] === undefined || said[key] === claim[key]) continue;
      return `${short(entry)} is of another SAE than the rest (expected one of ${claim[key]})`;
    }
    reading.claim = { ...claim, ...withoutUndefined(said) };
    return ref.index;
  } catch (error) {
    if (!(error instanceof AntipodeError)) throw error;
    return error.message.replace(/^feature: /, '');
  }
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** A key that nobody gave is not there, so that it does not go over one that somebody gave. */
export function withoutUndefined<T extends object>(values: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<
    Defined<T>
  >;
}
