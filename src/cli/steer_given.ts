/** @file What somebody asks to be steered, out of a spec file and options: an option goes over what the file says. Nothing is opened but the spec. */

import { AntipodeError } from '../errors.ts';
import { neuronpediaIdOf, parseFeatureRef, parseIndex } from '../features/feature_ref.ts';
import { shownName } from '../formats/shown_name.ts';
import type { PolePair } from '../steering/arm.ts';
import { poleFeaturesProblem, poleNameProblem } from '../steering/pole_problems.ts';
import {
  type GivenSpec,
  parseSteeringSpec,
  type SaeClaim,
  withoutUndefined,
} from '../steering/steering_spec.ts';
import type { CliContext } from './context.ts';
import { readSpecText } from './spec_text.ts';
import type { SteerFlags } from './steer_flags.ts';

/** Options that some of the commands have beside those of `SteerFlags`. */
export interface ExperimentFlags extends SteerFlags {
  readonly strengths?: readonly number[];
  readonly replies?: number;
  readonly examples?: number;
  readonly random?: number;
  readonly matched?: boolean;
}

/** @param spec path of a YAML file @throws {AntipodeError} `missing`, `format` with lines, `usage` */
export async function givenSpec(
  context: CliContext,
  spec: string | undefined,
  flags: ExperimentFlags,
): Promise<GivenSpec> {
  const file = spec === undefined ? {} : await readSpec(context, spec);
  const asked = fromFlags(flags);
  // Poles that an option names are no longer those of the file, whichever way either names them.
  const { claim, curve, pair, poles, ...rest } = withMethod(file, asked.method);
  const namesPoles = asked.pair !== undefined || asked.poles !== undefined;
  const own = namesPoles ? {} : withoutUndefined({ claim, pair, poles });
  const sampling = { ...file.sampling, ...asked.sampling };
  return {
    ...rest,
    // A sweep repeats every arm, those of a curve too.
    ...(curve !== undefined && asked.strengths === undefined && { curve }),
    ...own,
    ...asked,
    ...(Object.keys(sampling).length > 0 && { sampling }),
  };
}

/** What a file says for its own method, and another one that an option names has not. */
function withMethod(file: GivenSpec, asked: GivenSpec['method']): GivenSpec {
  if (asked === undefined || asked === (file.method ?? 'add')) return file;
  const { curve, matched, ...left } = file;
  if (asked === 'orthogonal') return left;
  if (asked !== 'project-out') return file;
  const { strength: _, strengths: __, ...without } = left;
  return without;
}

async function readSpec({ cwd }: CliContext, spec: string): Promise<GivenSpec> {
  return parseSteeringSpec(await readSpecText(cwd, spec, 'docs/steering.md has the way to one'), spec);
}

/** What a message about a value begins with, and which keys of a spec have a say in it. */
const ORIGINS: Readonly<Record<string, readonly (keyof GivenSpec)[]>> = {
  pair: ['pair'],
  poles: ['pair', 'poles'],
  feature: ['pair', 'poles'],
  features: ['pair', 'poles', 'sae'],
  arm: ['method', 'strength', 'strengths', 'unit'],
  method: ['method'],
  matched: ['matched', 'method'],
  curve: ['method', 'strength'],
  strength: ['method', 'strength'],
  strengths: ['method', 'strength', 'strengths'],
  replies: ['random', 'replies', 'sampling', 'strengths'],
  examples: ['examples', 'sampling'],
  prompts: ['prompts'],
  temperature: ['sampling'],
  judge: ['judges'],
};

/**
 * An error about a value that the spec says, and no option, as one of that file: with its path, the spec's own word for it, and the kind that everything
 * wrong with a spec has. Other errors stay as they are.
 */
export function asSpecError(error: unknown, spec: string | undefined, flags: ExperimentFlags): unknown {
  if (!(error instanceof AntipodeError) || error.kind !== 'usage' || spec === undefined) return error;
  const [start = '', subject = ''] = /^(?:--)?([a-z]+)\b/.exec(error.message) ?? [];
  const keys = ORIGINS[subject];
  const asked: Readonly<Record<string, unknown>> = { ...fromFlags(flags) };
  if (!keys || keys.some((key) => key in asked)) return error;
  const named = subject === 'judge' ? 'judges' : subject;
  return new AntipodeError('format', `${spec}: ${named}${error.message.slice(start.length)}`, {
    hint: error.hint ?? 'correct it there, then run the same command again',
    cause: error,
  });
}

function fromFlags(flags: ExperimentFlags): GivenSpec {
  if (flags.pole !== undefined && flags.pair !== undefined) {
    throw new AntipodeError('usage', '--pole: stands beside --pair (expected one of them)');
  }
  const sampling = withoutUndefined({
    temperature: flags.temp,
    topK: flags.topK,
    topP: flags.topP,
    repetitionPenalty: flags.repeatPenalty,
  });
  return withoutUndefined({
    model: flags.model,
    sae: flags.sae,
    layer: flags.layer,
    concepts: flags.concepts,
    pair: flags.pair,
    ...(flags.pole && readPoles(flags.pole)),
    prompts: flags.prompt,
    chat: flags.chat,
    system: flags.system,
    method: flags.method,
    unit: flags.unit,
    strength: flags.strength,
    strengths: flags.strengths,
    positions: flags.positions,
    random: flags.random,
    matched: flags.matched,
    replies: flags.replies,
    examples: flags.examples,
    sampling: Object.keys(sampling).length > 0 ? sampling : undefined,
    maxNewTokens: flags.nPredict,
    stops: flags.stop,
    seed: flags.seed,
    precision: flags.precision,
    device: flags.device,
    threads: flags.threads,
  }) as GivenSpec;
}

const EXPECTED = 'two of the form NAME=FEATURES such as Happy=11697 and Sad=15682,15539';

function readPoles(given: readonly string[]): { readonly poles: PolePair; readonly claim?: SaeClaim } {
  if (given.length !== 2) {
    throw new AntipodeError('usage', `--pole: got ${given.length}, expected ${EXPECTED}`);
  }
  const claims: SaeClaim[] = [];
  const [a, b] = given.map((text) => {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0)).trim();
    const list = text.slice(at + 1).split(',');
    if (at < 1 || list.some((one) => one.trim() === '')) {
      throw new AntipodeError(
        'usage',
        `--pole: got ${JSON.stringify(shownName(text))}, expected ${EXPECTED}`,
      );
    }
    const problem = poleNameProblem(name);
    if (problem !== undefined) throw new AntipodeError('usage', `--pole: ${problem}`);
    return { name, features: list.map((one) => readFeature(one.trim(), claims)) };
  });
  if (a!.name === b!.name) throw new AntipodeError('usage', `--pole: both poles are called ${a!.name}`);
  for (const { name, features } of [a!, b!]) {
    const twice = features.find((feature, i) => features.indexOf(feature) !== i);
    if (twice !== undefined) throw new AntipodeError('usage', `--pole: ${name} has feature ${twice} twice`);
  }
  const shared = poleFeaturesProblem({ a: a!, b: b! });
  if (shared !== undefined) {
    throw new AntipodeError('usage', `--pole: ${shared}`, { hint: 'give each feature to one of the poles' });
  }
  const claim = Object.assign({}, ...claims) as SaeClaim;
  return { poles: { a: a!, b: b! }, ...(Object.keys(claim).length > 0 && { claim }) };
}

/** @param claims gets what the reference says about its SAE */
function readFeature(text: string, claims: SaeClaim[]): number {
  const bare = parseIndex(text);
  if (bare !== undefined) return bare;
  const ref = parseFeatureRef(text);
  const claim: SaeClaim = withoutUndefined({ layer: ref.layer, neuronpediaId: neuronpediaIdOf(ref) });
  for (const key of ['layer', 'neuronpediaId'] as const) {
    const other = claims.find((one) => one[key] !== undefined && one[key] !== claim[key]);
    if (claim[key] === undefined || other === undefined) continue;
    throw new AntipodeError(
      'usage',
      `--pole: ${shownName(text)} is of another SAE than the rest (${other[key]})`,
    );
  }
  claims.push(claim);
  return ref.index;
}
