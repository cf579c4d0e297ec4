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
  /** Of the concept whose poles are steered. */
  readonly concept: string;
  readonly prompt: string;
  /** Replies are drawn at. */
  readonly temperature: number;
  /** What the layer, the features and the strength are chosen by. */
  readonly choice: {
    /** Those of SAEs. */
    readonly layers: readonly number[];
    /** Texts of the selection seed in which a greeting follows a mood. */
    readonly greetings: number;
    /** Features per pole and layer that are tried. */
    readonly candidates: number;
    /** Lengths of what is added, as shares of the mean norm of the residual stream. */
    readonly relativeStrengths: readonly number[];
    readonly replies: number;
    /** Of these replies. */
    readonly seed: number;
  };
  /** What the table of the card is measured with. */
  readonly reporting: {
    readonly replies: number;
    readonly randomDirections: number;
    /** Of replies that nothing was chosen by. */
    readonly seed: number;
  };
}

export interface OrganismSettings {
  readonly seeds: OrganismSeeds;
  readonly model: {
    /** Fields of `config.json`, without the size of the vocabulary. */
    readonly config: Readonly<Record<string, number | boolean | string>>;
    readonly training: LanguageModelSettingsGiven;
    /** Rows of the validation split looked at in training. */
    readonly validationRows: number;
  };
  readonly saes: readonly OrganismSae[];
  readonly evaluation: {
    /** Texts of the reporting seed. */
    readonly documents: number;
    /** The first of them, measured once more by themselves: what anyone can check in seconds. */
    readonly sample: number;
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
    /** A pole without a pure feature has the one with the largest share, if it is at least this. */
    readonly nearestShare: number;
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
  k: 15,
  steps: 3500,
  batch: 1024,
  seed: 7,
};

export const ORGANISM_SETTINGS: OrganismSettings = {
  seeds: { training: 1, activations: 2, selection: 3, reporting: 4 },
  model: {
    config: MODEL_CONFIG,
    training: { seed: 42, steps: 2400, contextLength: 64, batchRows: 32, learningRate: 2e-3 },
    validationRows: 64,
  },
  saes: [1, 2].map((layer) => ({ layer, documents: 80_000, training: SAE_TRAINING })),
  evaluation: { documents: 1000, sample: 100 },
  explanations: { documents: 4000 },
  catalogue: { documents: 4000, featuresPerPole: 4, nearestShare: 0.5 },
  steering: {
    concept: 'Happiness-Sadness',
    prompt: 'How are you?',
    temperature: 0.7,
    choice: {
      layers: [1, 2],
      greetings: 2000,
      candidates: 4,
      relativeStrengths: [0.5, 0.55, 0.6, 0.64, 0.68, 0.72],
      replies: 60,
      seed: 1_000_000,
    },
    reporting: { replies: 100, randomDirections: 3, seed: 4_000_000 },
  },
};

/** The same way in a minute or two: for tests of the way, not for use. */
export const QUICK_SETTINGS: OrganismSettings = {
  ...ORGANISM_SETTINGS,
  model: {
    ...ORGANISM_SETTINGS.model,
    config: {
      ...MODEL_CONFIG,
      hidden_size: 64,
      num_hidden_layers: 3,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      intermediate_size: 192,
    },
    training: {
      ...ORGANISM_SETTINGS.model.training,
      steps: 100,
      batchRows: 8,
      warmupSteps: 20,
      learningRate: 6e-3,
    },
    validationRows: 8,
  },
  saes: ORGANISM_SETTINGS.saes.map(({ layer, training }) => ({
    layer,
    documents: 300,
    training: { ...training, dSae: 256, steps: 120, batch: 256, calibrationRows: 1024 },
  })),
  evaluation: { documents: 60, sample: 20 },
  explanations: { documents: 120 },
  catalogue: { ...ORGANISM_SETTINGS.catalogue, documents: 120 },
  steering: {
    ...ORGANISM_SETTINGS.steering,
    choice: {
      ...ORGANISM_SETTINGS.steering.choice,
      greetings: 60,
      candidates: 1,
      relativeStrengths: [0.45],
      replies: 2,
    },
    reporting: { ...ORGANISM_SETTINGS.steering.reporting, replies: 2, randomDirections: 1 },
  },
};
