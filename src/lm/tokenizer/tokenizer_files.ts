/**
 * @file The files of a model folder that say how its texts are cut: `tokenizer.json` (required) and, where they are there,
 * `tokenizer_config.json`, `special_tokens_map.json`, `generation_config.json`, `config.json` and `chat_template.jinja`. Layout: Hugging
 * Face transformers. Leaves out `tokenizer.model`, `vocab.json` with `merges.txt`, and `tekken.json`.
 */

import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError, systemErrorCode } from '../../errors.ts';
import { parseJson, withoutByteOrderMark } from '../../formats/json/json_text.ts';
import { shownName } from '../../formats/shown_name.ts';
import { openFileSource, readBytes } from '../../formats/source.ts';
import { isObject, type JsonObject, listAt, objectAt } from './json_value.ts';

/** Gemma 3's is 33 MB, the largest known; twice the file is held while it is parsed. */
const MAX_TOKENIZER_BYTES = 2 ** 27;

/** Llama 3's tokenizer_config.json is 55 kB, those with every added token reach 2 MB. */
const MAX_CONFIG_BYTES = 2 ** 24;

/** The longest known templates have 20 kB. */
export const MAX_TEMPLATE_LENGTH: number = 2 ** 19;

export interface TokenizerFiles {
  readonly folder: string;
  readonly tokenizer: JsonObject;
  /** Empty where the file is absent, as are the others. */
  readonly config: JsonObject;
  readonly specialTokensMap: JsonObject;
  readonly generationConfig: JsonObject;
  readonly modelConfig: JsonObject;
  readonly chatTemplate: string | undefined;
}

/** @throws {AntipodeError} `missing` without a folder or a tokenizer.json, `format` for files that are broken or too large */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const tokenizer = await readObject(folder, 'tokenizer.json', MAX_TOKENIZER_BYTES);
  if (tokenizer === undefined) throw await noTokenizer(folder);
  const version = tokenizer['version'];
  if (version !== undefined && version !== '1.0') {
    const got = typeof version === 'string' ? shownName(version) : JSON.stringify(version).slice(0, 40);
    throw new AntipodeError('format', `tokenizer.json: has another version (got ${got}, expected 1.0)`, {
      hint: 'a newer release of antipode may read it',
    });
  }
  const optional = async (name: string): Promise<JsonObject> =>
    (await readObject(folder, name, MAX_CONFIG_BYTES)) ?? {};
  const config = await optional('tokenizer_config.json');
  return {
    folder,
    tokenizer,
    config,
    specialTokensMap: await optional('special_tokens_map.json'),
    generationConfig: await optional('generation_config.json'),
    modelConfig: await optional('config.json'),
    chatTemplate: await readChatTemplate(folder, config),
  };
}

async function readObject(folder: string, name: string, limit: number): Promise<JsonObject | undefined> {
  const bytes = await readWhole(folder, name, limit);
  return bytes === undefined ? undefined : objectAt(parseJson(withoutByteOrderMark(bytes), name), name);
}

async function readWhole(folder: string, name: string, limit: number): Promise<Uint8Array | undefined> {
  const path = join(folder, name);
  if (!(await isThere(path))) return undefined;
  const source = await openFileSource(path, name);
  try {
    if (source.byteLength > limit) {
      throw new AntipodeError(
        'format',
        `${name}: too large (got ${source.byteLength} bytes, expected at most ${limit})`,
      );
    }
    return await readBytes(source, 0, source.byteLength);
  } finally {
    await source.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new AntipodeError('resource', `${path}: cannot be read (${code ?? String(error)})`, {
      cause: error,
    });
  }
}

async function noTokenizer(folder: string): Promise<AntipodeError> {
  const found = await stat(folder).catch(() => undefined);
  const hint = 'name the folder of a model, which holds config.json, tokenizer.json and the weights';
  if (found === undefined) return new AntipodeError('missing', `${folder}: no such folder`, { hint });
  if (!found.isDirectory())
    return new AntipodeError('missing', `${folder}: is not a folder of a model`, { hint });
  const isOlder = await isThere(join(folder, 'tokenizer.model'));
  return new AntipodeError('missing', `${folder}: has no tokenizer.json`, {
    hint: isOlder
      ? "tokenizer.model alone is not read: load and save the tokenizer once with Python's transformers, which writes tokenizer.json"
      : 'fetch tokenizer.json from the page of the model',
  });
}

/** A file of its own comes first, as in transformers; of several named templates, `default`. */
async function readChatTemplate(folder: string, config: JsonObject): Promise<string | undefined> {
  const bytes = await readWhole(folder, 'chat_template.jinja', MAX_CONFIG_BYTES);
  const template =
    bytes === undefined ? statedTemplate(config['chat_template']) : new TextDecoder().decode(bytes);
  if (template !== undefined && template.length > MAX_TEMPLATE_LENGTH) {
    throw new AntipodeError(
      'format',
      `chat template: too long (got ${template.length} characters, expected at most ${MAX_TEMPLATE_LENGTH})`,
    );
  }
  return template;
}

function statedTemplate(stated: unknown): string | undefined {
  if (stated === undefined || stated === null) return undefined;
  if (typeof stated === 'string') return stated;
  if (isObject(stated)) return typeof stated['default'] === 'string' ? stated['default'] : undefined;
  const named = listAt(stated, 'tokenizer_config.json: chat_template').filter(isObject);
  const chosen = named.find((entry) => entry['name'] === 'default')?.['template'];
  return typeof chosen === 'string' ? chosen : undefined;
}
