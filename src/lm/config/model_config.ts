/** @file What a decoder's graph needs to know, whatever the family: sizes, attention windows, rotary embedding. Dropout and training fields are left out. */

/** Rotary position embedding over pairs of lanes (i, i + headDim / 2), as Hugging Face lays them out. */
export interface Rope {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

export type RopeScaling =
  | { readonly type: 'default' }
  /** Positions divided by `factor`. */
  | { readonly type: 'linear'; readonly factor: number }
  /** Llama 3.1: long wavelengths divided by `factor`, short ones kept, a linear blend between. */
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    };

interface DecoderShape {
  /** `model_type` of the file, e.g. `qwen2`. */
  readonly modelType: string;
  readonly dModel: number;
  readonly layers: number;
  readonly heads: number;
  /** Divides `heads`; each key/value head serves `heads / kvHeads` consecutive query heads. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly dMlp: number;
  readonly vocabSize: number;
  /** Positions 0 to maxPositions - 1 exist. */
  readonly maxPositions: number;
  readonly normEpsilon: number;
  /** The output matrix is the token embedding. */
  readonly isHeadTied: boolean;
  /** Per layer: how many positions a token sees, itself included; null sees all before it. */
  readonly windows: readonly (number | null)[];
}

export interface Gemma2Config extends DecoderShape {
  readonly family: 'gemma2';
  readonly rope: Rope;
  /** Queries are divided by the square root of this, which need not be headDim. */
  readonly queryScalar: number;
  /** Scores s become cap * tanh(s / cap); null leaves them. */
  readonly attentionSoftcap: number | null;
  readonly logitSoftcap: number | null;
}

/** Llama, Mistral and Qwen2, which differ in biases and windows only. */
export interface LlamaConfig extends DecoderShape {
  readonly family: 'llama';
  readonly rope: Rope;
  readonly hasQkvBias: boolean;
  readonly hasOutBias: boolean;
  readonly hasMlpBias: boolean;
}

export interface Gpt2Config extends DecoderShape {
  readonly family: 'gpt2';
  readonly activation: 'gelu_tanh' | 'gelu_erf';
  /** Per layer: what scores are multiplied with. */
  readonly attentionScales: readonly number[];
}

export type ModelConfig = Gemma2Config | LlamaConfig | Gpt2Config;
