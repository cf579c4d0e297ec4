/** @file What the tests of commands that run a model share: a small random Gemma 2 with a tokenizer of words, and an SAE of its width. */

import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpz } from '../../src/formats/numpy/npz_writer.ts';
import { createRng } from '../../src/tensor/rng.ts';
import { type WordTokenizerOptions, writeWordTokenizer } from './word_tokenizer.ts';

const SOURCE = fileURLToPath(new URL('../fixtures/lm/gemma2/', import.meta.url));

export interface TinyModel {
  readonly dModel: number;
  readonly vocabulary: number;
}

export interface TinyModelOptions extends WordTokenizerOptions {
  /** Laid over config.json. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Token 0 is unknown, 1 the beginning of a text, which is added; the others are the words w2, w3, … */
export async function writeTinyModel(folder: string, options: TinyModelOptions = {}): Promise<TinyModel> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(SOURCE)) {
    if (name !== 'expected.safetensors') await copyFile(join(SOURCE, name), join(folder, name));
  }
  const config = {
    ...(JSON.parse(await readFile(join(SOURCE, 'config.json'), 'utf8')) as Record<string, unknown>),
    ...options.config,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const vocabulary = Number(config['vocab_size']);
  await writeWordTokenizer(folder, vocabulary, options);
  return { dModel: Number(config['hidden_size']), vocabulary };
}

/** Random, with jump ReLU. @returns the decoder, `[features, dModel]` */
export async function writeTinySae(path: string, features: number, dModel: number): Promise<Float32Array> {
  const rng = createRng(1, 'generate-e2e');
  const random = (length: number): Float32Array => Float32Array.from({ length }, () => rng.normal());
  const decoder = random(features * dModel);
  await writeNpz(path, [
    { name: 'W_enc', shape: [dModel, features], data: random(features * dModel) },
    { name: 'W_dec', shape: [features, dModel], data: decoder },
    { name: 'b_enc', shape: [features], data: new Float32Array(features) },
    { name: 'b_dec', shape: [dModel], data: new Float32Array(dModel) },
    { name: 'threshold', shape: [features], data: random(features).map(Math.abs) },
  ]);
  return decoder;
}
