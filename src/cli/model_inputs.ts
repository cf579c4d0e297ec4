/** @file What commands that run a language model share: finding its folder, and turning prompts into tokens. */

import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { findInHfCache } from '../hub/hf_cache.ts';
import type { ModelConfig } from '../lm/config.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { SaeHeader } from '../sae/sae.ts';
import type { CliContext } from './context.ts';

/** A folder, or the snapshot of org/name in the Hugging Face cache. @throws {AntipodeError} `missing` with the command that fetches it */
export async function modelFolder({ env, cwd }: CliContext, ref: string): Promise<string> {
  const path = resolve(cwd, ref);
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder) return path;
  if (!/^[\w.-]+\/[\w.-]+$/.test(ref)) throw new AntipodeError('missing', `${ref}: no such model folder`);
  const config = await findInHfCache(env, { repoId: ref, path: 'config.json' });
  if (config) return dirname(config.path);
  throw new AntipodeError(
    'missing',
    `${ref}: no folder of this name, and not in the Hugging Face cache of this machine`,
    {
      hint: `hf download ${ref}`,
    },
  );
}

export interface Prompt {
  readonly text: string;
  readonly tokens: Int32Array;
}

/** @param given prompts as options, `-` for stdin @throws {AntipodeError} `usage` for one without any token */
export async function readPrompts(
  context: CliContext,
  given: readonly string[],
  tokenizer: Tokenizer,
  isChat: boolean,
): Promise<Prompt[]> {
  const prompts: Prompt[] = [];
  for (const one of given) {
    const text = one === '-' ? await stdinText(context) : one;
    const tokens = isChat
      ? tokenizer.encode(await tokenizer.applyChatTemplate([{ role: 'user', content: text }]), {
          addSpecialTokens: false,
        })
      : tokenizer.encode(text);
    if (tokens.length === 0) {
      throw new AntipodeError('usage', '--prompt: is empty, and this model adds no beginning of its own');
    }
    prompts.push({ text, tokens });
  }
  return prompts;
}

const MAX_PROMPT_BYTES = 4 * 2 ** 20;

async function stdinText({ stdin }: CliContext): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stdin) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length > MAX_PROMPT_BYTES) throw new AntipodeError('usage', 'stdin: the prompt is larger than 4 MiB');
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** @throws {AntipodeError} `usage` where the SAE cannot belong to this model at this layer */
export function checkFits(
  { identity, dIn }: SaeHeader,
  layer: number,
  { layers, dModel }: ModelConfig,
): void {
  if (layer < layers && dIn === dModel) return;
  throw new AntipodeError(
    'usage',
    `${identity.label}: does not fit the model (layer ${layer} of width ${dIn}, the model has ${layers} layers of width ${dModel})`,
  );
}
