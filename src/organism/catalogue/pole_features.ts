/**
 * @file Which features belong to a pole, by a rule that looks at activations alone, never at what steering does: most of the activation falls on the pole's
 * own words, on more than one of them, and often enough to be no accident.
 */

import { poleMass, type WordMass } from './word_mass.ts';

export interface PurityRule {
  /** Share of the activation on the pole's own words, at least. */
  readonly minShare: number;
  /** Effective number of those words, at least. */
  readonly minEffectiveWords: number;
  /** Tokens at which the feature is active, at least. */
  readonly minTokens: number;
}

export const PURITY_RULE: PurityRule = { minShare: 0.7, minEffectiveWords: 2, minTokens: 30 };

export interface PoleFeature {
  readonly feature: number;
  readonly share: number;
  readonly effectiveWords: number;
  /** Share of all tokens at which it is active. */
  readonly density: number;
  /** Sum of its activation on the pole's own words: features are ranked by it. */
  readonly ownMass: number;
  /** Own words with the most activation, the first first. */
  readonly topWords: readonly string[];
}

const TOP_WORDS = 5;

export interface PoleFeaturesOptions {
  readonly mass: WordMass;
  readonly ownWords: readonly string[];
  readonly rule?: PurityRule;
}

/** Features that keep the rule, the one with the most activation on the pole's own words first; ties to the lower index. */
export function pureFeatures({ mass, ownWords, rule = PURITY_RULE }: PoleFeaturesOptions): PoleFeature[] {
  return candidates({ mass, ownWords, rule })
    .filter(({ share }) => share >= rule.minShare)
    .sort((a, b) => b.ownMass - a.ownMass || a.feature - b.feature);
}

/**
 * The feature with the largest share of those that keep the rest of the rule.
 * @throws a plain `internal:` error where no feature is active on the pole's words
 */
export function nearestFeature({ mass, ownWords, rule = PURITY_RULE }: PoleFeaturesOptions): PoleFeature {
  const [nearest] = candidates({ mass, ownWords, rule }).sort(
    (a, b) => b.share - a.share || a.feature - b.feature,
  );
  if (!nearest) throw new Error('internal: a pole on whose words nothing is active');
  return nearest;
}

function candidates({ mass, ownWords, rule }: Required<PoleFeaturesOptions>): PoleFeature[] {
  const own = new Set(ownWords);
  const isOwn = mass.words.map((word) => own.has(word));
  const found: PoleFeature[] = [];
  for (let feature = 0; feature < mass.dSae; feature++) {
    if (mass.active[feature]! < rule.minTokens) continue;
    const { share, effectiveWords } = poleMass(mass, feature, isOwn);
    if (effectiveWords < rule.minEffectiveWords) continue;
    found.push({ feature, share, effectiveWords, ...describe(mass, feature, isOwn) });
  }
  return found;
}

function describe(
  mass: WordMass,
  feature: number,
  isOwn: readonly boolean[],
): Pick<PoleFeature, 'density' | 'ownMass' | 'topWords'> {
  const entries = mass.words
    .map((word, index) => ({ word, value: mass.mass[index * mass.dSae + feature]! }))
    .filter(({ value }, index) => isOwn[index] && value > 0)
    .sort((a, b) => b.value - a.value);
  return {
    density: mass.active[feature]! / mass.tokens,
    ownMass: entries.reduce((sum, { value }) => sum + value, 0),
    topWords: entries.slice(0, TOP_WORDS).map(({ word }) => word),
  };
}
