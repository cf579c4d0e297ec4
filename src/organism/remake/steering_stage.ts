/** @file The steering table of the card: the arms of the article with what the choice settled, on replies whose seeds nothing was chosen by. */

import { squaredNorm } from '../../tensor/matrix.ts';
import type { OrganismSettings } from '../settings.ts';
import { createArms } from '../steering/arms.ts';
import { type ArmResult, measureArms } from '../steering/measure_arms.ts';
import { type ChoiceResult, judgedWords, steeredConcept, summedDirection } from './choice_stage.ts';
import { loadSae, withModel } from './open_parts.ts';

export interface SteeringResult {
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
  /** Whose decoder rows, each of length 1, are summed. */
  readonly features: readonly number[];
  /** What each of these rows is multiplied with, for the sum to have the length `strength`. */
  readonly each: number;
}

/** An arm without its replies, but for some. */
export interface SteeredArm extends Pick<ArmResult, 'name' | 'counts' | 'unsteeredNll'> {
  readonly examples: readonly string[];
}

const EXAMPLES = 2;

export interface SteeringStageParts {
  readonly settings: OrganismSettings;
  readonly choice: ChoiceResult;
  /** Of the language model's files. */
  readonly model: string;
  /** `params.npz` of the chosen layer. */
  readonly saeFile: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export async function runSteeringStage({
  choice,
  model: modelFolder,
  saeFile,
  settings,
  signal,
  threads,
}: SteeringStageParts): Promise<SteeringResult> {
  const { concept, prompt, reporting, temperature } = settings.steering;
  const { chosen, strength } = choice;
  const { layer } = chosen;
  const sae = await loadSae(saeFile, layer);
  const poles = steeredConcept(settings);
  const { randomDirections, replies, seed } = reporting;
  const arms = createArms({
    a: summedDirection(sae, chosen.a),
    b: summedDirection(sae, chosen.b),
    strength,
    randomDirections,
    seed,
  });
  const results = await withModel(modelFolder, threads, (opened) =>
    measureArms({
      ...opened,
      layer,
      arms,
      prompt,
      temperature,
      replies,
      seed,
      poles: judgedWords(settings),
      signal,
    }),
  );
  const steered = (pole: { id: string; label: string }, features: readonly number[]): SteeredPole => ({
    pole: pole.id,
    label: pole.label,
    features,
    each: strength / Math.sqrt(squaredNorm(summedDirection(sae, features), 0, sae.dIn)),
  });
  return {
    layer,
    concept,
    a: steered(poles.a, chosen.a),
    b: steered(poles.b, chosen.b),
    strength,
    prompt,
    replies,
    arms: results.map(withExamples),
  };
}

function withExamples({ counts, name, replies, unsteeredNll }: ArmResult): SteeredArm {
  return { name, counts, unsteeredNll, examples: replies.slice(0, EXAMPLES).map(({ text }) => text) };
}
