/**
 * @file The steering table of the card: directions from the catalogue, which knows nothing of steering, at the strength of the settings, on seeds that
 * nothing was chosen by.
 */

import type { Sae } from '../../sae/sae.ts';
import { POLE_CONCEPTS } from '../grammar/concepts.ts';
import { ownWords } from '../grammar/own_words.ts';
import type { OrganismSettings } from '../settings.ts';
import { createArms } from '../steering/arms.ts';
import { type ArmResult, measureArms } from '../steering/measure_arms.ts';
import type { CatalogueResult } from './catalogue_stage.ts';
import { loadSae, withModel } from './open_parts.ts';

/** `unavailable`: a sentence, where a pole has no feature to steer with. */
export type SteeringResult = SteeringTable | { readonly unavailable: string };

export interface SteeringTable {
  readonly layer: number;
  readonly concept: string;
  readonly a: SteeredPole;
  readonly b: SteeredPole;
  /** Length of what one pole adds. */
  readonly strength: number;
  readonly prompt: string;
  readonly replies: number;
  readonly arms: readonly SteeredArm[];
}

export interface SteeredPole {
  readonly pole: string;
  readonly label: string;
  readonly features: readonly number[];
}

/** An arm without its replies, but for some. */
export interface SteeredArm extends Pick<ArmResult, 'name' | 'counts' | 'unsteeredNll'> {
  readonly examples: readonly string[];
}

const EXAMPLES = 2;

export interface SteeringStageParts {
  readonly settings: OrganismSettings;
  readonly catalogue: CatalogueResult;
  /** Of the language model's files. */
  readonly model: string;
  /** `params.npz`. */
  readonly saeFile: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export async function runSteeringStage({
  catalogue,
  model: modelFolder,
  saeFile,
  settings,
  signal,
  threads,
}: SteeringStageParts): Promise<SteeringResult> {
  const { steering } = settings;
  const { concept, layer, prompt, relativeStrength, replies } = steering;
  const poles = POLE_CONCEPTS.find((one) => one.concept === concept);
  if (!poles) throw new Error(`internal: the grammar has no concept ${concept}`);
  const steered = ({ id, label }: { id: string; label: string }): SteeredPole => ({
    pole: id,
    label,
    features: (catalogue.poles.find(({ pole }) => pole === id)?.features ?? [])
      .slice(0, steering.featuresPerPole)
      .map(({ feature }) => feature),
  });
  const [a, b] = [steered(poles.a), steered(poles.b)];
  const missing = [a, b].find(({ features }) => features.length === 0);
  if (missing) return { unavailable: `no feature of layer ${layer} stands for ${missing.label}` };
  const sae = await loadSae(saeFile, layer);
  const strength = relativeStrength * catalogue.meanNorm;
  const arms = createArms({
    a: meanDirection(sae, a.features),
    b: meanDirection(sae, b.features),
    strength,
    randomDirections: steering.randomDirections,
    seed: steering.seed,
  });
  const own = ownWords();
  const results = await withModel(modelFolder, threads, (opened) =>
    measureArms({
      ...opened,
      layer,
      arms,
      prompt,
      replies,
      seed: steering.seed,
      poles: { a: new Set(own.get(a.pole)), b: new Set(own.get(b.pole)) },
      signal,
    }),
  );
  return { layer, concept, a, b, strength, prompt, replies, arms: results.map(withExamples) };
}

function withExamples({ counts, name, replies, unsteeredNll }: ArmResult): SteeredArm {
  return { name, counts, unsteeredNll, examples: replies.slice(0, EXAMPLES).map(({ text }) => text) };
}

/** Mean of the features' decoder rows at length 1, `[d_in]`. */
function meanDirection({ W_dec }: Sae, features: readonly number[]): Float32Array {
  const direction = new Float32Array(W_dec.cols);
  for (const feature of features) {
    const row = W_dec.data.subarray(feature * W_dec.cols, (feature + 1) * W_dec.cols);
    const norm = W_dec.norms[feature]!;
    row.forEach((value, i) => {
      direction[i]! += value / norm / features.length;
    });
  }
  return direction;
}
