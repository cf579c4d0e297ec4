/**
 * @file An experiment as somebody asks for it: the dictionaries, what is measured in them, and what is steered. A YAML (or JSON) file; everything wrong with it is said
 * at once, each with line and column. Defaults are filled in here; nothing is opened.
 */

import { noteIssues, yamlProblems } from '../concepts/yaml_problems.ts';
import { type Path, type Problem, parseYaml } from '../concepts/yaml_text.ts';
import type { Space } from '../sae/sae.ts';
import { type GivenSpec, readSteeringSpec } from '../steering/steering_spec.ts';
import {
  EXPERIMENT_KEYS,
  EXPERIMENT_VERSION,
  type ExperimentFile,
  experimentShape,
} from './experiment_shape.ts';

export interface ExperimentSae {
  readonly sae: string;
  readonly concepts: string | undefined;
  readonly explanations: string | undefined;
  readonly explainer: string | undefined;
}

export interface ExperimentSpec {
  readonly title: string | undefined;
  readonly seed: number;
  readonly saes: readonly ExperimentSae[];
  readonly geometry: {
    readonly spaces: readonly Space[];
    readonly randomPairs: number;
    readonly top: number;
    readonly draws: number;
  };
  /** What was said of it alone; `completeSpec` fills in the rest. Its seed is the experiment's where it names none. */
  readonly steering: GivenSpec | undefined;
}

/** METHOD's numbers. */
export const EXPERIMENT_DEFAULTS = { seed: 0, randomPairs: 20, top: 100, draws: 10_000 } as const;

const CORRECT = 'correct it there, then run the same command again';
const KNOWN_KEYS = `an experiment may hold ${EXPERIMENT_KEYS.join(', ')}; antipode init writes one`;

/**
 * @param name begins every line of the message
 * @throws {AntipodeError} `format`, one line per problem, at most 20 of them
 */
export function parseExperiment(text: string, name: string): ExperimentSpec {
  const yaml = parseYaml(text, name);
  const problems: Problem[] = [...yaml.problems];
  const note = (path: Path, problem: string): void => {
    problems.push({ offset: yaml.offsetOf(path), text: problem });
  };
  if (yaml.value !== undefined) {
    const result = experimentShape.safeParse(yaml.value, { reportInput: true });
    if (!result.success) {
      const version = versionProblem(yaml.value);
      if (version === undefined) noteIssues(result.error.issues, [], note);
      else note(['antipode'], version);
    } else {
      const spec = complete(result.data, note);
      if (problems.length === 0) return spec;
    }
  }
  const isUnknown = problems.some(({ text: problem }) => problem.startsWith('the file: unknown key'));
  throw yamlProblems(name, yaml, problems, isUnknown ? KNOWN_KEYS : CORRECT);
}

/** Of another version the other keys say nothing. */
function versionProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const version = (value as Record<string, unknown>)['antipode'];
  if (version === EXPERIMENT_VERSION) return undefined;
  if (version === undefined) {
    return `antipode: is missing (expected antipode: ${EXPERIMENT_VERSION}, the version of this form)`;
  }
  return typeof version === 'number' && version > EXPERIMENT_VERSION
    ? `antipode: got version ${version}, and this program knows ${EXPERIMENT_VERSION} (a newer one reads it)`
    : `antipode: got ${JSON.stringify(version)?.slice(0, 40)}, expected ${EXPERIMENT_VERSION}`;
}

function complete(file: ExperimentFile, note: (path: Path, problem: string) => void): ExperimentSpec {
  file.saes.forEach(({ sae, concepts }, index) => {
    const first = file.saes.findIndex((other) => other.sae === sae && other.concepts === concepts);
    if (first < index) note(['saes', index, 'sae'], `saes[${index}]: stands twice, as saes[${first}]`);
  });
  const { geometry = {}, seed = EXPERIMENT_DEFAULTS.seed } = file;
  const steering =
    file.steering &&
    readSteeringSpec(file.steering, (path, problem) => note(['steering', ...path], `steering: ${problem}`));
  return {
    title: file.title,
    seed,
    saes: file.saes.map(({ sae, concepts, explanations, explainer }) => ({
      sae,
      concepts,
      explanations,
      explainer,
    })),
    geometry: {
      spaces: [...new Set(geometry.spaces ?? (['encoder', 'decoder'] as const))],
      randomPairs: geometry.random_pairs ?? EXPERIMENT_DEFAULTS.randomPairs,
      top: geometry.top ?? EXPERIMENT_DEFAULTS.top,
      draws: geometry.draws ?? EXPERIMENT_DEFAULTS.draws,
    },
    steering: steering && { seed, ...steering },
  };
}
