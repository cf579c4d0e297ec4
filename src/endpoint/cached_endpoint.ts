/**
 * @file Answers that were given once are not asked for again: a file per request, named by the SHA-256 of the whole of it (address, model, texts, schema,
 * limits), so that nothing but the same question finds it. Makes runs resumable and repeatable. What is no answer to its question is not kept.
 */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder, writeFileAtomic } from '../formats/atomic.ts';
import { MAX_REPLY_BYTES } from './bounded_fetch.ts';
import type { ChatEndpoint, ChatReply, ChatRequest } from './chat_endpoint.ts';

/** Raised where the meaning of a request changes without its words. */
const KEY_VERSION = 1;

/**
 * @param folder made when the first answer comes; every endpoint may share it
 * @param url of the endpoint, path included
 */
export function cachedEndpoint(endpoint: ChatEndpoint, folder: string, url: string): ChatEndpoint {
  return {
    model: endpoint.model,
    host: endpoint.host,
    async ask(request, signal) {
      const path = join(folder, `${keyOf(request, { url, model: endpoint.model })}.json`);
      const { isAnswer = () => true } = request;
      const known = await readReply(path);
      if (known && isAnswer(known.text)) return known;
      const reply = await endpoint.ask(request, signal);
      if (!isAnswer(reply.text)) return reply;
      await ensureFolder(folder);
      await writeFileAtomic(path, replyText(reply), { signal });
      return reply;
    },
  };
}

function keyOf(request: ChatRequest, of: { readonly url: string; readonly model: string }): string {
  const { system, user, answer, maxTokens } = request;
  const whole = [KEY_VERSION, of.url, of.model, system, user, answer.name, answer.schema, maxTokens];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex');
}

function replyText({ text, promptTokens, completionTokens }: ChatReply): string {
  const document = {
    text,
    prompt_tokens: promptTokens ?? null,
    completion_tokens: completionTokens ?? null,
  };
  return `${JSON.stringify(document)}\n`;
}

/** Undefined where there is none that can be used: it is asked for again then. */
async function readReply(path: string): Promise<ChatReply | undefined> {
  try {
    // Escapes make JSON of a text up to six times as long.
    if ((await stat(path)).size > 6 * MAX_REPLY_BYTES + 1000) return undefined;
    const found = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown> | null;
    if (typeof found?.['text'] !== 'string') return undefined;
    return {
      text: found['text'],
      promptTokens: numberOf(found['prompt_tokens']),
      completionTokens: numberOf(found['completion_tokens']),
      isCached: true,
    };
  } catch {
    return undefined;
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
