/** @file What a decoder's graph needs to know, whatever the family: sizes, attention windows, rotary embedding. Dropout and training fields are left out. */

/** Rotary position embedding over pairs of lanes (i, i + lanes / 2) of every head, as Hugging Face lays them out. */
export interface Rope {
  /** How many of a head's first lanes turn; even, at most headDim. The others stay as they are. */
  readonly lanes: number;
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
  /** The rotary embeddings that layers choose from; none where positions are learned. */
  readonly ropes: readonly Rope[];
  /** Per layer: the index of its own in `ropes`; empty where there are none. */
  readonly ropeOfLayer: readonly number[];
}

/** Gemma 2 and Gemma 3, which differ in norms within the heads, soft caps and rotary embeddings only. */
export interface GemmaConfig extends DecoderShape {
  readonly family: 'gemma';
  /** Queries and keys are normalised within each head before they are rotated. */
  readonly hasHeadNorms: boolean;
  /** Queries are divided by the square root of this, which need not be headDim. */
  readonly queryScalar: number;
  /** Scores s become cap * tanh(s / cap); null leaves them. */
  readonly attentionSoftcap: number | null;
  readonly logitSoftcap: number | null;
}

/** Llama, Mistral and Qwen2, which differ in biases and windows only. */
export interface LlamaConfig extends DecoderShape {
  readonly family: 'llama';
  readonly hasQkvBias: boolean;
  readonly hasOutBias: boolean;
  readonly hasMlpBias: boolean;
}

/** x * Phi(x) with Phi as it is, or by its approximation with tanh. */
export type Gelu = 'gelu_erf' | 'gelu_tanh';

export interface Gpt2Config extends DecoderShape {
  readonly family: 'gpt2';
  readonly activation: Gelu;
  /** Per layer: what scores are multiplied with. */
  readonly attentionScales: readonly number[];
}

export interface GptNeoXConfig extends DecoderShape {
  readonly family: 'gpt_neox';
  readonly activation: Gelu;
  /** Attention and MLP both read the layer's input. */
  readonly isParallel: boolean;
  readonly hasAttentionBias: boolean;
}

export type ModelConfig = GemmaConfig | LlamaConfig | Gpt2Config | GptNeoXConfig;
