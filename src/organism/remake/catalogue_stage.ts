/**
 * @file The catalogue of one SAE: for each pole of the grammar, the features that keep the purity rule on texts of the selection seed, and what those very
 * features do on texts of the reporting seed.
 */

import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { openSaeEncoder } from '../../sae/encoder_session.ts';
import type { Sae } from '../../sae/sae.ts';
import { squaredNorm } from '../../tensor/matrix.ts';
import { labelledActivations } from '../catalogue/labelled_activations.ts';
import { PURITY_RULE, type PurityRule, pureFeatures } from '../catalogue/pole_features.ts';
import { createWordMassCounter, poleMass, type WordMass } from '../catalogue/word_mass.ts';
import { POLES } from '../grammar/concepts.ts';
import { createCorpus } from '../grammar/corpus.ts';
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
  /** Mean Euclidean norm of the residual stream at the words of the selection texts. */
  readonly meanNorm: number;
  /** All 52, also those without a feature. */
  readonly poles: readonly CataloguePole[];
}

export interface CataloguePole {
  readonly pole: string;
  /** Features that keep the rule on the selection texts. */
  readonly pure: number;
  /** The first of them, by their activation on the pole's words. */
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
  return withModel(modelFolder, threads, async (opened) => {
    const sae = await loadSae(saeFile, layer);
    const measure = (seed: number, split: 'selection' | 'report', from: number): Promise<MeasuredWords> =>
      measureWords(sae, {
        ...opened,
        layer,
        texts: textsOf(seed, split, catalogue.documents),
        signal,
        onText: (done) =>
          report({
            fraction: from + done / (2 * catalogue.documents),
            detail: `${split} text ${done} of ${catalogue.documents}`,
          }),
      });
    const selection = await measure(seeds.selection, 'selection', 0);
    const reporting = await measure(seeds.reporting, 'report', 0.5);
    return {
      layer,
      rule: PURITY_RULE,
      texts: catalogue.documents,
      selectionTokens: selection.mass.tokens,
      reportingTokens: reporting.mass.tokens,
      meanNorm: selection.meanNorm,
      poles: choosePoles(selection.mass, reporting.mass, catalogue.featuresPerPole),
    };
  });
}

function* textsOf(seed: number, split: 'selection' | 'report', documents: number): Iterable<string> {
  const corpus = createCorpus(seed, split);
  for (let index = 0; index < documents; index++) yield corpus.document(index).text;
}

export interface MeasureWordsOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly layer: number;
  readonly texts: Iterable<string>;
  readonly signal?: AbortSignal | undefined;
  /** How many texts were begun. */
  readonly onText?: (done: number) => void;
}

export interface MeasuredWords {
  readonly mass: WordMass;
  /** Of the residual stream at the counted tokens. */
  readonly meanNorm: number;
}

/** How the activation of each feature lies on the words of these texts. */
export async function measureWords(sae: Sae, options: MeasureWordsOptions): Promise<MeasuredWords> {
  const counter = createWordMassCounter(sae.dSae);
  const encoder = await openSaeEncoder(sae);
  let [norms, tokens] = [0, 0];
  try {
    for await (const { activations, words } of labelledActivations({
      ...options,
      texts: counted(options.texts, options.onText),
    })) {
      counter.add(await encoder.encode(activations), words);
      const { cols, data, rows } = activations;
      for (let row = 0; row < rows; row++) norms += Math.sqrt(squaredNorm(data, row * cols, cols));
      tokens += rows;
    }
  } finally {
    await encoder.close();
  }
  return { mass: counter.result(), meanNorm: norms / tokens };
}

function* counted(texts: Iterable<string>, onText: MeasureWordsOptions['onText']): Iterable<string> {
  let done = 0;
  for (const text of texts) {
    yield text;
    onText?.(++done);
  }
}

function choosePoles(selection: WordMass, reporting: WordMass, most: number): CataloguePole[] {
  const own = ownWords();
  return POLES.map(({ id }) => {
    const words = own.get(id) ?? [];
    const pure = pureFeatures({ mass: selection, ownWords: words });
    return {
      pole: id,
      pure: pure.length,
      features: pure.slice(0, most).map(({ feature, topWords }) => ({
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
