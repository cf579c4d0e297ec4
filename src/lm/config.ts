/**
 * @file Hugging Face `config.json` to a `ModelConfig`. One reader per family in `config/`; `model_type` chooses. Everything that would change
 * the computation and is not built is refused by name. Vision and encoder parts, and quantised checkpoints, are left out.
 */

import { join } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { parseJson } from '../formats/json/json_text.ts';
import { openFileSource, readBytes } from '../formats/source.ts';
import { type Fields, fieldsOf, isRecord, shownValue } from './config/fields.ts';
import { readGemma2 } from './config/gemma2.ts';
import { readGemma3, readGemma3Text } from './config/gemma3.ts';
import { readGptNeoX } from './config/gpt_neox.ts';
import { readGpt2 } from './config/gpt2.ts';
import { readLlama, readMistral, readQwen2 } from './config/llama.ts';
import type { ModelConfig } from './config/model_config.ts';

export type { ModelConfig } from './config/model_config.ts';

/** Real files have a few kB; label lists can make it a few hundred. */
const MAX_CONFIG_BYTES = 16 * 2 ** 20;

type ConfigReader = (config: Fields, modelType: string) => ModelConfig;

const READERS: ReadonlyMap<string, ConfigReader> = new Map<string, ConfigReader>([
  ['gemma2', readGemma2],
  ['gemma3_text', readGemma3Text],
  ['gemma3', readGemma3],
  ['llama', readLlama],
  ['mistral', readMistral],
  ['qwen2', readQwen2],
  ['gpt2', readGpt2],
  ['gpt_neox', readGptNeoX],
]);

/** `model_type` values that can be run. */
export const MODEL_TYPES: readonly string[] = [...READERS.keys()];

/**
 * @param value the parsed file @param subject begins messages
 * @throws {AntipodeError} `format`: a field is missing, contradicts another or asks for what is not built
 */
export function parseModelConfig(value: unknown, subject = 'config.json'): ModelConfig {
  if (!isRecord(value)) throw new AntipodeError('format', `${subject}: not a JSON object`);
  const fields = fieldsOf(value, subject);
  const modelType = fields.text('model_type');
  const read = READERS.get(modelType);
  if (!read) {
    throw new AntipodeError(
      'format',
      `${subject}: model_type ${shownValue(modelType)} is not supported (expected ${MODEL_TYPES.join(', ')})`,
    );
  }
  if (fields.has('quantization_config')) {
    throw fields.refuse('quantization_config', 'is there: quantised checkpoints are not supported');
  }
  return read(fields, modelType);
}

/** @param folder holds `config.json` @throws {AntipodeError} as `parseModelConfig`; `missing` where there is none */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, 'config.json');
  const source = await openFileSource(path).catch((error: unknown) => {
    throw error instanceof AntipodeError && error.kind === 'missing' ? noConfig(error) : error;
  });
  try {
    if (source.byteLength > MAX_CONFIG_BYTES) {
      throw new AntipodeError(
        'format',
        `config.json: too large (${source.byteLength} bytes, the limit is ${MAX_CONFIG_BYTES})`,
      );
    }
    return parseModelConfig(parseJson(await readBytes(source, 0, source.byteLength), 'config.json'));
  } finally {
    await source.close();
  }
}

function noConfig(error: AntipodeError): AntipodeError {
  const hint = 'name the folder of a model, which holds config.json, tokenizer.json and the weights';
  return new AntipodeError('missing', error.message, { hint, cause: error });
}
