/**
 * @file With what the embedded default is steered: layer, features and strength, chosen on texts of the selection seed and on replies whose seeds are used for
 * nothing else.
 */

import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { openSaeEncoder } from '../../sae/encoder_session.ts';
import type { Sae } from '../../sae/sae.ts';
import { rowOf, squaredNorm } from '../../tensor/matrix.ts';
import { labelledActivations } from '../catalogue/labelled_activations.ts';
import { greetingActivations, type MoodFeature, moodFeatures } from '../catalogue/mood_features.ts';
import { POLE_CONCEPTS } from '../grammar/concepts.ts';
import { createCorpus, type OrganismCorpus } from '../grammar/corpus.ts';
import type { OrganismDocument } from '../grammar/documents.ts';
import { ownWords } from '../grammar/own_words.ts';
import type { PoleConcept } from '../grammar/pole.ts';
import type { OrganismSettings } from '../settings.ts';
import { type ChosenSteering, chooseSteering, preferred } from '../steering/choose_steering.ts';
import { loadSae, type SaeOnDisk, withModel } from './open_parts.ts';
import type { StageProgress } from './stage_store.ts';

export interface ChoiceResult {
  readonly chosen: ChosenSteering;
  /** Length of what is added for one pole, in the units of the residual stream. */
  readonly strength: number;
  /** The best of each layer that was tried, the chosen one among them. */
  readonly perLayer: readonly LayerChoice[];
}

export interface LayerChoice extends ChosenSteering {
  /** Mean Euclidean norm of the residual stream at words of the selection texts. */
  readonly meanNorm: number;
  readonly candidates: { readonly a: readonly MoodFeature[]; readonly b: readonly MoodFeature[] };
}

export interface ChoiceStageParts {
  readonly settings: OrganismSettings;
  readonly saes: readonly SaeOnDisk[];
  /** Of the language model's files. */
  readonly model: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Texts whose mean norm stands for all, at most. */
const NORM_TEXTS = 500;

export function runChoiceStage(
  { model: modelFolder, saes, settings, signal, threads }: ChoiceStageParts,
  report: (progress: StageProgress) => void,
): Promise<ChoiceResult> {
  const { layers } = settings.steering.choice;
  return withModel(modelFolder, threads, async (opened) => {
    const perLayer: LayerChoice[] = [];
    for (const [index, layer] of layers.entries()) {
      report({ fraction: index / layers.length, detail: `features of layer ${layer}` });
      const file = saes.find((one) => one.layer === layer)?.saeFile;
      if (file === undefined) throw new Error(`internal: the steered layer ${layer} has no SAE`);
      perLayer.push(await chooseInLayer(await loadSae(file, layer), { ...opened, layer, settings, signal }));
    }
    const chosen = preferred(perLayer);
    const { a, b, contrastShare, layer, lossRatio, ownShare, relativeStrength } = chosen;
    return {
      chosen: { layer, a, b, relativeStrength, ownShare, contrastShare, lossRatio },
      strength: relativeStrength * chosen.meanNorm,
      perLayer,
    };
  });
}

interface Opened {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly layer: number;
  readonly settings: OrganismSettings;
  readonly signal: AbortSignal | undefined;
}

async function chooseInLayer(sae: Sae, opened: Opened): Promise<LayerChoice> {
  const { seeds, steering } = opened.settings;
  const corpus = createCorpus(seeds.selection, 'selection');
  const { a, b } = steeredConcept(opened.settings);
  const encoder = await openSaeEncoder(sae);
  const documents = greetings(corpus, steering.choice.greetings);
  const activations = await greetingActivations({ ...opened, encoder, documents }).finally(() =>
    encoder.close(),
  );
  const { candidates: most, relativeStrengths, replies, seed } = steering.choice;
  const candidates = {
    a: moodFeatures(activations, a.id, most),
    b: moodFeatures(activations, b.id, most),
  };
  const norm = await meanNorm(opened, corpus);
  const chosen = await chooseSteering({
    ...opened,
    prompt: steering.prompt,
    temperature: steering.temperature,
    replies,
    seed,
    poles: judgedWords(opened.settings),
    candidates,
    relativeStrengths,
    meanNorm: norm,
    direction: (features) => summedDirection(sae, features),
  });
  return { ...chosen, meanNorm: norm, candidates };
}

/** @throws a plain `internal:` error where the settings name none of the grammar's */
export function steeredConcept({ steering }: OrganismSettings): PoleConcept {
  const found = POLE_CONCEPTS.find(({ concept }) => concept === steering.concept);
  if (!found) throw new Error(`internal: the grammar has no concept ${steering.concept}`);
  return found;
}

/** By which replies are judged. */
export function judgedWords(settings: OrganismSettings): { a: ReadonlySet<string>; b: ReadonlySet<string> } {
  const { a, b } = steeredConcept(settings);
  const own = ownWords();
  return { a: new Set(own.get(a.id)), b: new Set(own.get(b.id)) };
}

/** The sum of these decoder rows, each of length 1, `[d_in]`. */
export function summedDirection({ W_dec }: Sae, features: readonly number[]): Float32Array {
  const sum = new Float32Array(W_dec.cols);
  for (const feature of features) {
    rowOf(W_dec, feature).forEach((value, i) => {
      sum[i]! += value / W_dec.norms[feature]!;
    });
  }
  return sum;
}

/** The first texts in which a greeting follows a mood. */
function greetings(corpus: OrganismCorpus, count: number): OrganismDocument[] {
  const found: OrganismDocument[] = [];
  for (let index = 0; found.length < count; index++) {
    const document = corpus.document(index);
    if (document.kind === 'carried') found.push(document);
  }
  return found;
}

async function meanNorm(opened: Opened, corpus: OrganismCorpus): Promise<number> {
  const count = Math.min(NORM_TEXTS, opened.settings.catalogue.documents);
  const texts = corpus.documents(0, count).map(({ text }) => text);
  let [norms, tokens] = [0, 0];
  for await (const { activations } of labelledActivations({ ...opened, texts })) {
    const { cols, data, rows } = activations;
    for (let row = 0; row < rows; row++) norms += Math.sqrt(squaredNorm(data, row * cols, cols));
    tokens += rows;
  }
  return norms / tokens;
}
