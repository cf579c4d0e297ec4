/**
 * @file Which language models can be trained: the `config.json` of Gemma 2 (transformers, Gemma2Config) with output weights tied to the embedding. Read by
 * the same reader that opens models, so that what is trained is what will run.
 */

import { type Fields, fieldsOf, type JsonRecord } from '../../lm/config/fields.ts';
import type { GemmaConfig } from '../../lm/config/model_config.ts';
import { parseModelConfig } from '../../lm/config.ts';

/** What transformers' class fills in where a field is left out and a small model has no reason to differ. */
const DEFAULTS = {
  model_type: 'gemma2',
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  attn_logit_softcapping: 50,
  final_logit_softcapping: 30,
};

export interface TrainableConfig {
  /** As given, with the defaults: what `config.json` will say. */
  readonly fields: JsonRecord;
  readonly model: GemmaConfig;
}

/**
 * @param fields of `config.json`, by their names there; null switches a soft cap off
 * @throws {AntipodeError} `format`: a field is missing or out of range, or asks for what cannot be trained
 */
export function readTrainableConfig(fields: JsonRecord): TrainableConfig {
  const complete = { ...DEFAULTS, ...fields };
  const reader: Fields = fieldsOf(complete, 'model configuration');
  if (complete.model_type !== 'gemma2') throw reader.refuse('model_type', 'is not gemma2, which is trained');
  const model = parseModelConfig(complete, 'model configuration');
  if (model.family !== 'gemma') throw new Error('internal: gemma2 is of another family');
  if (!model.isHeadTied) {
    throw reader.refuse(
      'tie_word_embeddings',
      'is false, which is not supported in training (expected true)',
    );
  }
  return { fields: complete, model };
}
