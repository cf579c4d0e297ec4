/**
 * @file The catalogue of one SAE: for each pole of the grammar, the features that keep the purity rule on texts of the selection seed, and what those very
 * features do on texts of the reporting seed.
 */

import { openSaeEncoder } from '../../sae/encoder_session.ts';
import { measureWordMass } from '../catalogue/measure_word_mass.ts';
import { PURITY_RULE, type PurityRule, pureFeatures } from '../catalogue/pole_features.ts';
import { poleMass, type WordMass } from '../catalogue/word_mass.ts';
import { POLES } from '../grammar/concepts.ts';
import { createCorpus, type OrganismCorpus } from '../grammar/corpus.ts';
import { ownWords } from '../grammar/own_words.ts';
import type { OrganismSettings } from '../settings.ts';
import { loadSae, withModel } from './open_parts.ts';
import type { StageProgress } from './stage_store.ts';

export interface CatalogueResult {
  readonly layer: number;
  readonly rule: PurityRule;
  /** Texts of each seed. */
  readonly texts: number;
  readonly selectionTokens: number;
  readonly reportingTokens: number;
  /** All 52, also those without a feature. */
  readonly poles: readonly CataloguePole[];
}

export interface CataloguePole {
  readonly pole: string;
  /** Features that keep the rule on the selection texts. */
  readonly pure: number;
  /** The first of them, by their activation on the pole's words; where there is none, the nearest or nothing. */
  readonly features: readonly CatalogueFeature[];
}

export interface CatalogueFeature {
  readonly feature: number;
  readonly topWords: readonly string[];
  readonly selection: FeaturePurity;
  readonly reporting: FeaturePurity;
}

export interface FeaturePurity {
  /** Of the activation, on the pole's own words. */
  readonly share: number;
  readonly effectiveWords: number;
  /** Tokens at which it is active. */
  readonly tokens: number;
  /** Whether it keeps the rule on these texts. */
  readonly isPure: boolean;
}

export interface CatalogueStageParts {
  readonly settings: OrganismSettings;
  readonly layer: number;
  /** Of the language model's files. */
  readonly model: string;
  /** `params.npz`. */
  readonly saeFile: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function runCatalogueStage(
  { layer, model: modelFolder, saeFile, settings, signal, threads }: CatalogueStageParts,
  report: (progress: StageProgress) => void,
): Promise<CatalogueResult> {
  const { catalogue, seeds } = settings;
  const { documents } = catalogue;
  return withModel(modelFolder, threads, async (opened) => {
    const sae = await loadSae(saeFile, layer);
    const encoder = await openSaeEncoder(sae, threads === undefined ? {} : { threads });
    const measure = (seed: number, split: 'selection' | 'report', from: number): Promise<WordMass> => {
      const texts = textsOf(createCorpus(seed, split), documents, (done) =>
        report({ fraction: from + done / (2 * documents), detail: `${split} text ${done} of ${documents}` }),
      );
      return measureWordMass({ ...opened, encoder, layer, texts, signal });
    };
    try {
      const selection = await measure(seeds.selection, 'selection', 0);
      const reporting = await measure(seeds.reporting, 'report', 0.5);
      return {
        layer,
        rule: PURITY_RULE,
        texts: documents,
        selectionTokens: selection.tokens,
        reportingTokens: reporting.tokens,
        poles: choosePoles(selection, reporting, catalogue),
      };
    } finally {
      await encoder.close();
    }
  });
}

function* textsOf(
  corpus: OrganismCorpus,
  documents: number,
  onText: (done: number) => void,
): Iterable<string> {
  for (let index = 0; index < documents; index++) {
    yield corpus.document(index).text;
    onText(index + 1);
  }
}

function choosePoles(
  selection: WordMass,
  reporting: WordMass,
  { featuresPerPole, nearestShare }: OrganismSettings['catalogue'],
): CataloguePole[] {
  const own = ownWords();
  return POLES.map(({ id }) => {
    const words = own.get(id) ?? [];
    const pure = pureFeatures({ mass: selection, ownWords: words });
    const rule = { ...PURITY_RULE, minShare: nearestShare };
    const nearest = pureFeatures({ mass: selection, ownWords: words, rule }).sort(
      (a, b) => b.share - a.share,
    );
    const chosen = pure.length > 0 ? pure.slice(0, featuresPerPole) : nearest.slice(0, 1);
    return {
      pole: id,
      pure: pure.length,
      features: chosen.map(({ feature, topWords }) => ({
        feature,
        topWords,
        selection: purityOf(selection, feature, words),
        reporting: purityOf(reporting, feature, words),
      })),
    };
  });
}

/** What the rule looks at, for one feature. */
export function purityOf(mass: WordMass, feature: number, words: readonly string[]): FeaturePurity {
  const own = new Set(words);
  const { effectiveWords, share } = poleMass(
    mass,
    feature,
    mass.words.map((word) => own.has(word)),
  );
  const tokens = mass.active[feature]!;
  const { minEffectiveWords, minShare, minTokens } = PURITY_RULE;
  const isPure = share >= minShare && effectiveWords >= minEffectiveWords && tokens >= minTokens;
  return { share, effectiveWords, tokens, isPure };
}
