/**
 * @file With what the embedded default is steered best, as its card says it: features and strength of each layer were chosen on replies whose seeds are used
 * for nothing else (`organism/README.md`). No other model comes with such a choice.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMBEDDED_FOLDER, EMBEDDED_SAES } from '../hub/embedded_default.ts';

export interface RecommendedPole {
  /** Capitalised: `Happy`. */
  readonly name: string;
  /** Of the concept's side: `Happiness`. */
  readonly label: string;
  readonly features: readonly number[];
}

export interface RecommendedSteering {
  /** Of the SAE whose features these are: `organism/2-res-2k`. */
  readonly saeId: string;
  readonly concept: string;
  readonly a: RecommendedPole;
  readonly b: RecommendedPole;
  /** Times the mean norm of the residual stream. */
  readonly strength: number;
  /** Euclidean, of the residual stream where the SAE reads, at the words of the texts that the choice was made on. */
  readonly meanNorm: number;
  readonly prompt: string;
  readonly temperature: number;
}

/** What is read of the card; names as the file has them. */
interface Card {
  readonly settings: { readonly steering: { readonly temperature: number } };
  readonly steering_choice: {
    readonly chosen: { readonly layer: number };
    readonly per_layer: readonly {
      readonly layer: number;
      readonly a: readonly number[];
      readonly b: readonly number[];
      readonly relative_strength: number;
      readonly mean_norm: number;
    }[];
  };
  readonly steering: {
    readonly concept: string;
    readonly a: CardPole;
    readonly b: CardPole;
    readonly prompt: string;
  };
}

interface CardPole {
  readonly pole: string;
  readonly label: string;
}

interface Recommended {
  readonly best: string;
  readonly all: readonly RecommendedSteering[];
}

let loaded: Recommended | undefined;

/** The best of this SAE's features; undefined for all but the embedded ones. @param saeId `organism/2-res-2k` */
export function recommendedSteering(saeId: string | undefined): RecommendedSteering | undefined {
  loaded ??= readRecommended();
  return loaded.all.find((one) => one.saeId === saeId);
}

/** The SAE that the embedded model is steered with where nobody names one: the better of its two. */
export function recommendedSaeId(): string {
  loaded ??= readRecommended();
  return loaded.best;
}

/** The file is part of the package, so its absence is an internal fault. */
function readRecommended(): Recommended {
  const card = JSON.parse(readFileSync(join(EMBEDDED_FOLDER, 'card.json'), 'utf8')) as Card;
  const { chosen, per_layer } = card.steering_choice;
  const { a, b, concept, prompt } = card.steering;
  return {
    best: saeIdOf(chosen.layer),
    all: per_layer.map((choice) => ({
      saeId: saeIdOf(choice.layer),
      concept,
      a: poleOf(a, choice.a),
      b: poleOf(b, choice.b),
      strength: choice.relative_strength,
      meanNorm: choice.mean_norm,
      prompt,
      temperature: card.settings.steering.temperature,
    })),
  };
}

function saeIdOf(layer: number): string {
  const sae = EMBEDDED_SAES.find((one) => one.layer === layer);
  if (!sae) throw new Error(`internal: the embedded default has no SAE of layer ${layer}`);
  return sae.id;
}

function poleOf({ label, pole }: CardPole, features: readonly number[]): RecommendedPole {
  return { name: pole.charAt(0).toUpperCase() + pole.slice(1), label, features };
}
