/** @file What commands that run a language model share: finding its folder, and turning prompts into tokens. */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { EMBEDDED_MODEL_FOLDER, EMBEDDED_MODEL_ID } from '../hub/embedded_default.ts';
import { NoSuchRepository } from '../hub/hf_refusal.ts';
import type { ModelConfig } from '../lm/config.ts';
import { fetchModel, findModel, parseModelName } from '../lm/fetch_model.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { SaeHeader } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import { downloadHint, hubFor } from './hub_access.ts';

/**
 * The embedded model for `organism` (`./organism` is a folder), a folder, or org/name (or org/name@revision) from the hub, whose files are fetched where they
 * are not in the Hugging Face cache.
 * @throws {AntipodeError} `missing` with the command that fetches it, and as `fetchModel`
 */
export async function modelFolder(context: CliContext, ref: string): Promise<string> {
  const { env, cwd } = context;
  if (ref === EMBEDDED_MODEL_ID) return EMBEDDED_MODEL_FOLDER;
  if (ref === '') {
    throw new AntipodeError('usage', '--model: its name is empty', { hint: `--model ${EMBEDDED_MODEL_ID}` });
  }
  const path = resolve(cwd, ref);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return path;
  if (found) {
    throw new AntipodeError('usage', `${ref}: is a file, expected the folder of a model`, {
      hint: 'name the folder that holds config.json and the weights',
    });
  }
  const name = parseModelName(ref);
  if (!name) throw noModel(`${ref}: no such model folder`);
  const cached = await findModel(env, name);
  if (cached !== undefined) return cached;
  const hub = hubFor(context);
  if (hub) return fetchModel(name, hub).catch((error: unknown) => throwUnlessMistyped(ref, error));
  throw new AntipodeError(
    'missing',
    `${ref}: no folder of this name, and not whole in the Hugging Face cache of this machine`,
    {
      hint: `${downloadHint(context, ref)} (or: hf download ${name.repoId})`,
    },
  );
}

function noModel(message: string): AntipodeError {
  return new AntipodeError('missing', message, {
    hint: `name the folder of a model, org/name, or ${EMBEDDED_MODEL_ID}`,
  });
}

/** A word alone is more often a folder than one of the old models without an organisation. */
function throwUnlessMistyped(ref: string, error: unknown): never {
  const isWord = !ref.includes('/') && error instanceof NoSuchRepository;
  throw isWord ? noModel(`${ref}: no folder of this name, and no model of the hub`) : error;
}

export interface Prompt {
  readonly text: string;
  readonly tokens: Int32Array;
}

export interface ChatFlags {
  /** Prompts are messages of a user. */
  readonly chat?: boolean;
  /** The system message before each. */
  readonly system?: string;
}

/** @throws {AntipodeError} `usage`, before anything is opened */
export function checkPromptFlags(given: readonly string[], { chat, system }: ChatFlags): void {
  if (system !== undefined && chat !== true) {
    throw new AntipodeError('usage', '--system: there is no conversation that it could begin', {
      hint: 'add --chat',
    });
  }
  if (given.filter((one) => one === '-').length > 1) {
    throw new AntipodeError('usage', '--prompt: - is given twice, and stdin can be read once');
  }
}

/**
 * @param given prompts as options, `-` for stdin
 * @throws {AntipodeError} `usage` for one without any token, as the tokenizer, and where the model's template has no place for a system message
 */
export async function readPrompts(
  context: CliContext,
  given: readonly string[],
  tokenizer: Tokenizer,
  flags: ChatFlags,
): Promise<Prompt[]> {
  const prompts: Prompt[] = [];
  for (const one of given) {
    const text = one === '-' ? await stdinText(context) : one;
    if (one === '-' && text === '') {
      throw new AntipodeError('usage', 'stdin: is empty, expected a prompt', {
        hint: "--prompt '' begins from nothing, where the model has a token for the beginning",
      });
    }
    const tokens =
      flags.chat === true
        ? tokenizer.encode(await conversation(tokenizer, text, { ...flags, signal: context.signal }), {
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

async function conversation(
  tokenizer: Tokenizer,
  text: string,
  { system, signal }: ChatFlags & { readonly signal: AbortSignal },
): Promise<string> {
  const user = { role: 'user', content: text };
  const messages = system === undefined ? [user] : [{ role: 'system', content: system }, user];
  const written = await tokenizer.applyChatTemplate(messages, { signal });
  // Some templates pass over roles that they do not know.
  if (system === undefined || written.includes(system.trim())) return written;
  throw new AntipodeError('usage', "--system: the model's chat template leaves system messages out", {
    hint: 'put it into the prompt',
  });
}

/** @throws {AntipodeError} `usage` for a prompt that is longer than the model's context */
export function checkPromptLengths(prompts: readonly Prompt[], { maxPositions }: ModelConfig): void {
  for (const { tokens, text } of prompts) {
    if (tokens.length <= maxPositions) continue;
    const start = text.length > 20 ? `${text.slice(0, 20)}…` : text;
    throw new AntipodeError(
      'usage',
      `--prompt ${JSON.stringify(start)}: is too long (got ${tokens.length} tokens, the model's context holds ${maxPositions})`,
      { hint: 'shorten it' },
    );
  }
}

const MAX_PROMPT_BYTES = 4 * 2 ** 20;

/** Without the line break at its end, which `echo` adds. */

async function stdinText({ stdin }: CliContext): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stdin) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length > MAX_PROMPT_BYTES) throw new AntipodeError('usage', 'stdin: the prompt is larger than 4 MiB');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)).replace(/\r?\n$/, '');
  } catch (error) {
    throw new AntipodeError('usage', 'stdin: the prompt is not UTF-8 text', { cause: error });
  }
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
    `${identity.label}: does not fit the model (layer ${layer} of width ${dIn}, the model has layers 0 to ${layers - 1} of width ${dModel})`,
  );
}
