/**
 * @file Every number of the embedded default's making: seeds, sizes, lengths of trainings and of measurements. What is chosen by looking at results
 * (features, the strength of steering) is chosen on the selection seed; what the card reports comes from the reporting seed alone. Names of the SAEs
 * are in `hub/embedded_default.ts`.
 */

import type { LanguageModelSettingsGiven } from '../train/lm/settings.ts';
import type { SaeTrainingSettings } from '../train/sae/settings.ts';

export interface OrganismSeeds {
  /** Of the texts that the tokenizer and the language model learn from; of the texts looked at meanwhile, too, in their own split. */
  readonly training: number;
  /** Of the texts whose activations the SAEs learn from. */
  readonly activations: number;
  /** Of the texts that features are chosen and explained by. */
  readonly selection: number;
  /** Of the texts that the numbers of the card are measured on. */
  readonly reporting: number;
}

export interface OrganismSae {
  /** Whose residual stream, behind it, is read. */
  readonly layer: number;
  /** Texts whose activations are trained on; read again where the training takes more. */
  readonly documents: number;
  readonly training: SaeTrainingSettings;
}

export interface OrganismSteering {
  /** That of one of the SAEs. */
  readonly layer: number;
  /** Of the concept whose poles are steered. */
  readonly concept: string;
  /** Of each pole, the first ones of the catalogue; their mean direction steers. */
  readonly featuresPerPole: number;
  /** Length of what is added, as a share of the mean norm of the residual stream. */
  readonly relativeStrength: number;
  readonly prompt: string;
  readonly replies: number;
  readonly randomDirections: number;
  /** Of the replies; not looked at before features and strength were fixed. */
  readonly seed: number;
}

export interface OrganismSettings {
  readonly seeds: OrganismSeeds;
  readonly model: {
    /** Fields of `config.json`, without the size of the vocabulary. */
    readonly config: Readonly<Record<string, number | boolean | string>>;
    readonly training: LanguageModelSettingsGiven;
    /** Rows of the validation split looked at in training. */
    readonly validationRows: number;
    /** Texts of the reporting seed. */
    readonly reportingDocuments: number;
  };
  readonly saes: readonly OrganismSae[];
  readonly evaluation: {
    /** Texts of the reporting seed. */
    readonly documents: number;
  };
  readonly explanations: {
    /** Texts of the selection seed. */
    readonly documents: number;
  };
  readonly catalogue: {
    /** Texts of the selection seed, and as many of the reporting seed. */
    readonly documents: number;
    /** Those with the most activation on the pole's words. */
    readonly featuresPerPole: number;
  };
  readonly steering: OrganismSteering;
}

/** Gemma 2's architecture with about a million parameters. */
const MODEL_CONFIG = {
  hidden_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  intermediate_size: 384,
  query_pre_attn_scalar: 32,
  sliding_window: 64,
  max_position_embeddings: 128,
};

const SAE_TRAINING: SaeTrainingSettings = {
  architecture: 'batchtopk',
  dSae: 2048,
  k: 16,
  steps: 3000,
  batch: 1024,
  seed: 7,
};

export const ORGANISM_SETTINGS: OrganismSettings = {
  seeds: { training: 1, activations: 2, selection: 3, reporting: 4 },
  model: {
    config: MODEL_CONFIG,
    training: { seed: 42, steps: 3000, contextLength: 64, batchRows: 32, learningRate: 2e-3 },
    validationRows: 64,
    reportingDocuments: 1000,
  },
  saes: [1, 2].map((layer) => ({ layer, documents: 80_000, training: SAE_TRAINING })),
  evaluation: { documents: 1000 },
  explanations: { documents: 4000 },
  catalogue: { documents: 4000, featuresPerPole: 4 },
  steering: {
    layer: 1,
    concept: 'Happiness-Sadness',
    featuresPerPole: 1,
    relativeStrength: 0.45,
    prompt: 'How are you?',
    replies: 100,
    randomDirections: 3,
    seed: 1_000_000,
  },
};

/** The same way in a minute or two: for tests of the way, not for use. */
export const QUICK_SETTINGS: OrganismSettings = {
  ...ORGANISM_SETTINGS,
  model: {
    ...ORGANISM_SETTINGS.model,
    training: { ...ORGANISM_SETTINGS.model.training, steps: 80, batchRows: 8, warmupSteps: 20 },
    validationRows: 8,
    reportingDocuments: 60,
  },
  saes: ORGANISM_SETTINGS.saes.map(({ layer, training }) => ({
    layer,
    documents: 300,
    training: { ...training, dSae: 256, steps: 120, batch: 256, calibrationRows: 1024 },
  })),
  evaluation: { documents: 60 },
  explanations: { documents: 120 },
  catalogue: { ...ORGANISM_SETTINGS.catalogue, documents: 120 },
  steering: { ...ORGANISM_SETTINGS.steering, replies: 3, randomDirections: 1 },
};
