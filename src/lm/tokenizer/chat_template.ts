/**
 * @file Chat templates: Jinja programs that come with a model and turn messages into text (as in Hugging Face transformers), by
 * @huggingface/jinja. They are programs of strangers, so each runs in a process of its own: without our environment, with a bound on its
 * time (it is killed), on its memory (its heap is capped; running out kills it, not us) and on what it writes; it dies with its parent. The cost is
 * about 45 ms.
 */

import { type ExecFileException, execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import { PARENT_WATCH } from '../../isolation/parent_watch.ts';
import { isObject } from './json_value.ts';
import type { ChatMessage, ChatOptions } from './tokenizer.ts';

export interface RenderChatOptions extends ChatOptions {
  readonly template: string;
  /** `bos_token`, `eos_token` and the like. */
  readonly names: Readonly<Record<string, string>>;
  readonly messages: readonly ChatMessage[];
  /** Default 20 s. Real templates take a millisecond; a loaded machine may take seconds to start a process. */
  readonly timeLimitMs?: number;
}

const TIME_LIMIT_MS = 20_000;

/** A hundred times what the longest conversation needs. */
const HEAP_MIB = 128;

/** The same as the longest text that can be encoded (2^19 characters), in the longest UTF-8 and JSON form of a character. */
const MAX_OUTPUT_BYTES = 6 * 2 ** 19;

/** Longer than honest templates take: then, a thread that ends the child with its parent is worth its 40 ms. */
const UNWATCHED_MS = 250;

/**
 * Runs in the child. Only `Date` is changed, so that templates which print it do not differ from one run to the next. What is not done soon
 * begins again under a watch: this thread would not see any more that the parent is gone.
 */
const CHILD = `
let input = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => { input += text; });
process.stdin.on('end', () => {
  const { watch, parent, library, template, variables, now } = JSON.parse(input);
  const Clock = Date;
  globalThis.Date = class extends Clock {
    constructor(...given) { if (given.length === 0) super(now); else super(...given); }
    static now() { return now; }
  };
  const render = () => {
    let stage = 'parse';
    try {
      const parsed = new (require(library).Template)(template);
      stage = 'render';
      return { text: parsed.render(structuredClone(variables)) };
    } catch (error) {
      return { stage, reason: String(error && error.message).slice(0, 300) };
    }
  };
  let answer;
  globalThis.attempt = () => { answer = render(); };
  try {
    require('node:vm').runInThisContext('attempt()', { timeout: ${UNWATCHED_MS} });
  } catch {
    new (require('node:worker_threads').Worker)(watch, { eval: true, workerData: parent }).unref();
    answer = render();
  }
  process.stdout.write(JSON.stringify(answer));
});
`;

/**
 * Lone surrogates in messages become U+FFFD.
 * @throws {AntipodeError} `usage` where the template cannot write these messages, `format` where it is no template, `resource` beyond
 * the bounds above, `interrupted` by the signal
 */
export async function renderChat(options: RenderChatOptions): Promise<string> {
  const { messages, addGenerationPrompt = true, now = new Date() } = options;
  if (messages.length === 0) {
    throw new AntipodeError('usage', 'chat: there are no messages', { hint: 'give at least one message' });
  }
  const input = JSON.stringify({
    watch: PARENT_WATCH,
    parent: process.pid,
    library: createRequire(import.meta.url).resolve('@huggingface/jinja'),
    template: options.template,
    variables: { ...options.names, messages, add_generation_prompt: addGenerationPrompt },
    now: now.getTime(),
  });
  const answer: unknown = JSON.parse(await runChild(input, options));
  if (isObject(answer) && typeof answer['text'] === 'string') return answer['text'];
  const { stage, reason } = isObject(answer) ? answer : {};
  const shown = shownName(String(reason));
  throw stage === 'render'
    ? new AntipodeError('usage', `chat template: cannot write these messages (${shown})`, {
        hint: "the model's page says which roles it takes, and in which order",
      })
    : new AntipodeError('format', `chat template: is not a template (${shown})`);
}

function runChild(
  input: string,
  { signal, timeLimitMs = TIME_LIMIT_MS }: RenderChatOptions,
): Promise<string> {
  const { TZ, SystemRoot } = process.env;
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [`--max-old-space-size=${HEAP_MIB}`, '--disallow-code-generation-from-strings', '-e', CHILD],
      {
        env: { ...(TZ === undefined ? {} : { TZ }), ...(SystemRoot === undefined ? {} : { SystemRoot }) },
        timeout: timeLimitMs,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        windowsHide: true,
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(childFailure(error, timeLimitMs, signal));
      },
    );
    // A child that died does not read; how it died is said above.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function childFailure(
  error: ExecFileException,
  timeLimitMs: number,
  signal: AbortSignal | undefined,
): AntipodeError {
  if (signal?.aborted) return new AntipodeError('interrupted', 'interrupted: nothing was left half-written');
  const code: unknown = error.code;
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return new AntipodeError(
      'resource',
      `chat template: writes too much (expected at most ${MAX_OUTPUT_BYTES} bytes)`,
    );
  }
  if (error.message.includes('heap out of memory')) {
    return new AntipodeError(
      'resource',
      `chat template: takes too much memory (expected at most ${HEAP_MIB} MiB)`,
    );
  }
  if (error.killed === true) {
    return new AntipodeError(
      'resource',
      `chat template: did not come to an end within ${timeLimitMs / 1000} s`,
    );
  }
  return new AntipodeError(
    'resource',
    `chat template: its process failed (${String(code ?? error.signal)})`,
    {
      cause: error,
    },
  );
}
