/**
 * @file With what the embedded default is steered best, as its card says it: layer, features and strength were chosen on replies whose seeds are used for
 * nothing else (`organism/README.md`). No other model comes with such a choice.
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
  readonly steering_choice: { readonly chosen: { readonly relative_strength: number } };
  readonly steering: {
    readonly layer: number;
    readonly concept: string;
    readonly a: CardPole;
    readonly b: CardPole;
    readonly strength: number;
    readonly prompt: string;
  };
}

interface CardPole {
  readonly pole: string;
  readonly label: string;
  readonly features: readonly number[];
}

let loaded: RecommendedSteering | undefined;

/** For the embedded SAE that the choice fell on; undefined for all others. @param saeId `organism/2-res-2k` */
export function recommendedSteering(saeId: string | undefined): RecommendedSteering | undefined {
  loaded ??= readRecommended();
  return saeId === loaded.saeId ? loaded : undefined;
}

/** The SAE that the embedded model is steered with where nobody names one. */
export function recommendedSaeId(): string {
  loaded ??= readRecommended();
  return loaded.saeId;
}

/** The file is part of the package, so its absence is an internal fault. */
function readRecommended(): RecommendedSteering {
  const card = JSON.parse(readFileSync(join(EMBEDDED_FOLDER, 'card.json'), 'utf8')) as Card;
  const { a, b, concept, layer, prompt, strength } = card.steering;
  const sae = EMBEDDED_SAES.find((one) => one.layer === layer);
  if (!sae) throw new Error(`internal: the embedded default has no SAE of layer ${layer}`);
  const relative = card.steering_choice.chosen.relative_strength;
  return {
    saeId: sae.id,
    concept,
    a: poleOf(a),
    b: poleOf(b),
    strength: relative,
    meanNorm: strength / relative,
    prompt,
    temperature: card.settings.steering.temperature,
  };
}

function poleOf({ features, label, pole }: CardPole): RecommendedPole {
  return { name: pole.charAt(0).toUpperCase() + pole.slice(1), label, features };
}
