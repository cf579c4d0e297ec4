/**
 * @file A trained Gemma 2 as a folder that transformers, and `openLanguageModel`, open: `config.json`, `generation_config.json` and `model.safetensors`. The
 * tokenizer's files are not written here.
 */

import { join } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { type WriteOptions, writeFileAtomic } from '../../formats/atomic.ts';
import { type WritableTensor, writeSafetensors } from '../../formats/safetensors/safetensors.ts';
import type { JsonRecord } from '../../lm/config/fields.ts';
import { HALF_LIMIT, narrowToHalf } from '../../tensor/half.ts';
import { type ParameterValues, parameterSpecs } from './parameters.ts';
import type { TrainableConfig } from './trainable_config.ts';

export interface LanguageModelFiles extends WriteOptions {
  readonly config: TrainableConfig;
  readonly parameters: ParameterValues;
  /** How weights are stored. Default float32. */
  readonly dtype?: 'float32' | 'float16';
}

/** What transformers writes for every Gemma 2, where the configuration does not say otherwise. */
const CLASS_FIELDS = {
  attention_bias: false,
  attention_dropout: 0,
  cache_implementation: 'hybrid',
  hidden_act: 'gelu_pytorch_tanh',
  hidden_activation: 'gelu_pytorch_tanh',
  initializer_range: 0.02,
  tie_word_embeddings: true,
  use_cache: true,
};

/** Fields that Python reads as floating-point numbers: written with a decimal point, as transformers does. */
const FLOATS: ReadonlySet<string> = new Set([
  'attention_dropout',
  'attn_logit_softcapping',
  'final_logit_softcapping',
  'initializer_range',
  'rms_norm_eps',
  'rope_theta',
]);

/**
 * Writes the three files into the folder, `config.json` last.
 * @throws {AntipodeError} `usage` for a weight that is no number or too large for float16; as `writeFileAtomic`
 */
export async function writeLanguageModel(folder: string, files: LanguageModelFiles): Promise<void> {
  const { config, parameters, dtype = 'float32', signal } = files;
  const tensors = parameterSpecs(config.model).map(({ name, shape }): WritableTensor => {
    const values = parameters.get(name);
    if (values === undefined) throw new Error(`internal: no values for ${name}`);
    const limit = dtype === 'float16' ? HALF_LIMIT : Number.POSITIVE_INFINITY;
    const wrong = values.find((value) => !(Math.abs(value) < limit));
    if (wrong !== undefined) {
      throw new AntipodeError('usage', `${name}: a weight cannot be stored as ${dtype} (got ${wrong})`);
    }
    return dtype === 'float16'
      ? { name, shape, dtype: 'F16', data: narrowToHalf(values) }
      : { name, shape, dtype: 'F32', data: values };
  });
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' }, { signal });
  await writeFileAtomic(join(folder, 'generation_config.json'), generationText(config.fields), { signal });
  await writeFileAtomic(join(folder, 'config.json'), configText(config, dtype), { signal });
}

function configText({ fields, model }: TrainableConfig, dtype: string): string {
  return jsonText({
    ...CLASS_FIELDS,
    ...fields,
    // Where these are left out, transformers takes the sizes of Gemma 2 2B.
    head_dim: model.headDim,
    num_key_value_heads: model.kvHeads,
    architectures: ['Gemma2ForCausalLM'],
    model_type: 'gemma2',
    torch_dtype: dtype,
  });
}

function generationText(fields: JsonRecord): string {
  const names = ['bos_token_id', 'eos_token_id', 'pad_token_id', 'cache_implementation'];
  const all: JsonRecord = { ...CLASS_FIELDS, ...fields };
  const known = names.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]);
  return jsonText({ _from_model_config: true, ...Object.fromEntries(known) });
}

function jsonText(record: JsonRecord): string {
  const lines = Object.entries(record)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${valueText(name, value)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

function valueText(name: string, value: unknown): string {
  const text = JSON.stringify(value);
  return FLOATS.has(name) && Number.isInteger(value) ? `${text}.0` : text;
}
