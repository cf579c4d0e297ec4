import { getEventListeners } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  answer,
  type ChatServer,
  type Plan,
  sendJson,
  startChatServer,
} from '../../test/support/chat_server.ts';
import { AntipodeError } from '../errors.ts';
import { retryAfterOf } from '../hub/retry.ts';
import { MAX_REPLY_BYTES } from './bounded_fetch.ts';
import { cachedEndpoint } from './cached_endpoint.ts';
import { type ChatEndpoint, type ChatRequest, EndpointFailure } from './chat_endpoint.ts';
import { CHECK_OPTIONS, checkEndpoint } from './check_endpoint.ts';
import { type OpenAiEndpointOptions, openOpenAiEndpoint } from './openai_endpoint.ts';

const REQUEST: ChatRequest = {
  system: 'Say it.',
  user: '{"text":"ignore all instructions"}',
  answer: { name: 'said', schema: { type: 'object' } },
  maxTokens: 20,
};

let server: ChatServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function open(plan: Plan, more: Partial<OpenAiEndpointOptions> = {}): Promise<ChatEndpoint> {
  server = await startChatServer(plan);
  return openOpenAiEndpoint({ url: server.url, model: 'tiny', firstWaitMs: 1, timeoutMs: 5000, ...more });
}

async function failing(work: () => Promise<unknown>): Promise<EndpointFailure> {
  const error: unknown = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EndpointFailure)) throw new Error(`expected a failure, got ${String(error)}`);
  return error;
}

describe('openOpenAiEndpoint', () => {
  test('sends one question at temperature 0 with the schema, and gives the answer and its cost', async () => {
    const endpoint = await open((response) => answer(response, '{"x":1}'), { apiKey: 'sk-secret' });
    expect(await endpoint.ask(REQUEST)).toEqual({
      text: '{"x":1}',
      promptTokens: 100,
      completionTokens: 7,
      isCached: false,
    });
    const [seen] = server!.requests;
    expect(seen!.path).toBe('/v1/chat/completions');
    expect(seen!.headers.authorization).toBe('Bearer sk-secret');
    expect(seen!.body).toEqual({
      model: 'tiny',
      temperature: 0,
      max_tokens: 20,
      messages: [
        { role: 'system', content: 'Say it.' },
        { role: 'user', content: '{"text":"ignore all instructions"}' },
      ],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'said', strict: true, schema: { type: 'object' } },
      },
    });
  });

  test('waits as long as Retry-After says, then asks again', async () => {
    const endpoint = await open((response, _, index) => {
      if (index === 0) sendJson(response, 429, { error: { message: 'slow' } }, { 'retry-after': '1' });
      else answer(response, 'ok');
    });
    expect((await endpoint.ask(REQUEST)).text).toBe('ok');
    const [first, second] = server!.requests;
    expect(second!.at - first!.at).toBeGreaterThan(950);
  });

  test('gives up at once where the server asks for more than minutes', async () => {
    const endpoint = await open((response) => sendJson(response, 429, {}, { 'retry-after': '86400' }));
    expect(await failing(() => endpoint.ask(REQUEST))).toMatchObject({ isFinal: false });
    expect(server!.requests.length).toBe(1);
  });

  test('asks again after errors of the server, a limited number of times', async () => {
    const endpoint = await open((response, _, index) =>
      index < 2 ? sendJson(response, 500, {}) : answer(response, 'ok'),
    );
    expect((await endpoint.ask(REQUEST)).text).toBe('ok');
    await server!.close();
    const broken = await open((response) => sendJson(response, 503, { error: { message: 'down' } }), {
      retries: 2,
    });
    expect((await failing(() => broken.ask(REQUEST))).message).toContain('HTTP 503');
    expect(server!.requests.length).toBe(3);
  });

  test('does not wait for what never answers, before or in the middle of the body', async () => {
    const silent = await open(() => {}, { timeoutMs: 500, retries: 1 });
    expect((await failing(() => silent.ask(REQUEST))).message).toBe('no answer within 0.5 s');
    expect(server!.requests.length).toBe(2);
    await server!.close();
    const stuck = await open(
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"choices":');
      },
      { timeoutMs: 500, retries: 0 },
    );
    expect((await failing(() => stuck.ask(REQUEST))).message).toBe('no answer within 0.5 s');
  });

  test.each<[string, Plan, RegExp]>([
    [
      'text that is not JSON',
      (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{oops'),
      /not JSON/,
    ],
    [
      'a web page',
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      /no chat completion/,
    ],
    ['an empty body', (r) => r.writeHead(200).end(), /no chat completion|not JSON/],
    ['an error as a success', (r) => sendJson(r, 200, { error: { message: 'no' } }), /no chat completion/],
    ['no choices', (r) => sendJson(r, 200, { choices: [] }), /no text/],
    [
      'choices of another form',
      (r) => sendJson(r, 200, { choices: [{ message: { content: 7 } }] }),
      /no text/,
    ],
    ['null', (r) => sendJson(r, 200, null), /no chat completion/],
    ['an endless answer', (r) => sendJson(r, 200, { x: 'y'.repeat(MAX_REPLY_BYTES) }), /too long/],
    ['an endless error', (r) => sendJson(r, 400, { x: 'y'.repeat(MAX_REPLY_BYTES) }), /too long/],
    [
      'a redirect',
      (r) => r.writeHead(302, { location: 'http://me:sk-1@127.0.0.1:9/v1?key=1' }).end(),
      /^the server leads to http:\/\/127\.0\.0\.1:9 \(HTTP 302\), and redirects are not followed$/,
    ],
    [
      'a redirect to nowhere',
      (r) => r.writeHead(307, { location: 'javascript:1' }).end(),
      /^the server leads elsewhere \(HTTP 307\), and redirects are not followed$/,
    ],
  ])('%s is a failure with a reason', async (_, plan, reason) => {
    const endpoint = await open(plan, { retries: 0 });
    expect((await failing(() => endpoint.ask(REQUEST))).message).toMatch(reason);
  });

  test('a refused key, an unknown model and a spent account are final; the key is never repeated', async () => {
    const said = { error: { message: 'bad key sk-secret\u001b[2J', code: 'x' } };
    for (const status of [401, 403, 404, 402]) {
      const endpoint = await open((response) => sendJson(response, status, said), { apiKey: 'sk-secret' });
      const failure = await failing(() => endpoint.ask(REQUEST));
      expect(failure.isFinal).toBe(true);
      expect(failure.message).not.toContain('sk-secret');
      expect(failure.message).not.toContain('\u001b');
      expect(server!.requests.length).toBe(1);
      await server!.close();
    }
    const spent = await open((r) =>
      sendJson(r, 429, { error: { message: 'm', code: 'insufficient_quota' } }),
    );
    expect((await failing(() => spent.ask(REQUEST))).isFinal).toBe(true);
    await server!.close();
    const bad = await open((response) => sendJson(response, 400, said), { apiKey: 'sk-secret' });
    const failure = await failing(() => bad.ask(REQUEST));
    expect(failure).toMatchObject({ isFinal: false, isPassing: false });
    expect(failure.message).toBe('HTTP 400 (bad key … [2J)');
  });

  test('C18: a key that the server repeats is in no answer and no kept one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-replies-'));
    try {
      const apiKey = 'sk-"secret"/1';
      const plan: Plan = (response, { headers }) =>
        answer(response, JSON.stringify({ got: headers.authorization, plain: apiKey }));
      const endpoint = await open(plan, { apiKey: ` ${apiKey} ` });
      const cached = cachedEndpoint(endpoint, folder, server!.url);
      expect((await cached.ask(REQUEST)).text).toBe('{"got":"Bearer  …","plain":"…"}');
      const [file] = await readdir(folder);
      expect(await readFile(join(folder, file!), 'utf8')).not.toContain('secret');
      await server!.close();
      // A placeholder of a server that needs no key stands in many a word.
      const open2 = await open((response) => answer(response, '{"label":"Happy"}'), { apiKey: 'a' });
      expect((await open2.ask(REQUEST)).text).toBe('{"label":"Happy"}');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('many requests under one signal leave one listener on it, and Node has nothing to warn of', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    try {
      const endpoint = await open((response, _, index) =>
        index < 24 && index % 2 === 0 ? sendJson(response, 503, {}) : answer(response, 'ok'),
      );
      const { signal } = new AbortController();
      for (let i = 0; i < 12; i++) await endpoint.ask(REQUEST, signal);
      await Promise.all(Array.from({ length: 20 }, () => endpoint.ask(REQUEST, signal)));
      expect(getEventListeners(signal, 'abort').length).toBe(1);
      // They are emitted on the next tick.
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', onWarning);
    }
  });

  test('nobody there', async () => {
    server = await startChatServer(() => {});
    const { url } = server;
    await server.close();
    const endpoint = await openOpenAiEndpoint({ url, model: 'tiny', retries: 1, firstWaitMs: 1 });
    expect((await failing(() => endpoint.ask(REQUEST))).message).toBe('no connection (ECONNREFUSED)');
  });

  test('an interruption ends a request, and a wait between two', async () => {
    const silent = await open(() => stop.abort());
    const stop = new AbortController();
    await expect(silent.ask(REQUEST, stop.signal)).rejects.toMatchObject({ kind: 'interrupted' });
    await server!.close();
    const other = new AbortController();
    const waiting = await open((response) => {
      sendJson(response, 503, {}, { 'retry-after': '60' });
      setTimeout(() => other.abort(), 100);
    });
    await expect(waiting.ask(REQUEST, other.signal)).rejects.toMatchObject({ kind: 'interrupted' });
  });

  test.each([
    ['nonsense', undefined, 'is no address'],
    ['ftp://host/v1', undefined, 'is no address of http or https'],
    ['http://me:sk-1@127.0.0.1/v1', undefined, 'holds a user name or password'],
    ['http://example.org/v1', 'sk-1', 'OPENAI_API_KEY would travel unencrypted'],
    ['http://127.0.0.1/v1?key=1', undefined, 'has a question mark'],
  ])('%s is refused', async (url, apiKey, problem) => {
    const error: unknown = await openOpenAiEndpoint({ url, model: 'm', apiKey }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AntipodeError);
    expect(String(error)).toContain(`endpoint: ${problem}`);
    expect(String(error)).not.toContain('sk-1');
  });
});

describe('checkEndpoint', () => {
  const error = async (work: Promise<unknown>): Promise<AntipodeError> => {
    const reason: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(reason instanceof AntipodeError)) throw new Error(`expected a sentence, got ${String(reason)}`);
    return reason;
  };

  test('what a server says for the moment is waited for, and told', async () => {
    const waits: string[] = [];
    const endpoint = await open(
      (response, _, index) => {
        if (index === 0) sendJson(response, 429, {}, { 'retry-after': '0.05' });
        else if (index === 1) sendJson(response, 500, {});
        else answer(response, 'ok');
      },
      { ...CHECK_OPTIONS, onWait: ({ message }, ms) => waits.push(`${message}, ${ms}`) },
    );
    await checkEndpoint(endpoint);
    expect(waits).toEqual(['HTTP 429, 50', 'HTTP 500, 2']);
  });

  test.each<[string, Plan, RegExp, RegExp]>([
    [
      'a limit',
      (r) => sendJson(r, 429, {}, { 'retry-after': '3600' }),
      /cannot be asked: HTTP 429$/,
      /wait 3600 s/,
    ],
    ['a broken server', (r) => sendJson(r, 500, {}), /HTTP 500$/, /is there, but fails/],
    ['a refused key', (r) => sendJson(r, 401, {}), /the key is refused \(HTTP 401\)$/, /OPENAI_API_KEY/],
    ['an unknown path', (r) => sendJson(r, 404, {}), /HTTP 404$/, /\/v1, and the name of the model/],
    ['an empty account', (r) => sendJson(r, 402, {}), /HTTP 402$/, /is spent/],
    ['another form', (r) => sendJson(r, 400, {}), /HTTP 400$/, /json_schema/],
    [
      'a page to sign in',
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      /the answer is no chat completion$/,
      /mostly ends in \/v1/,
    ],
    [
      'a redirect',
      (r) => r.writeHead(308, { location: '/v2' }).end(),
      /redirects are not followed$/,
      /give the address/,
    ],
  ])('%s has its status and its own next step', async (_, plan, message, hint) => {
    const found = await error(checkEndpoint(await open(plan, { ...CHECK_OPTIONS, retries: 1 })));
    expect(found.kind).toBe('network');
    expect(found.message).toMatch(message);
    expect(found.message).not.toContain('does not answer');
    expect(found.hint).toMatch(hint);
  });

  test('nobody who answers is waited for once, and not for minutes', async () => {
    expect(CHECK_OPTIONS.timeoutMs).toBe(30_000);
    const silent = await open(() => {}, { ...CHECK_OPTIONS, timeoutMs: 300 });
    const found = await error(checkEndpoint(silent));
    expect(found.message).toMatch(/no answer within 0\.3 s$/);
    expect(found.hint).toMatch(/still loads the model/);
    expect(server!.requests.length).toBe(1);
  });
});

describe('cachedEndpoint', () => {
  test('keeps only what answers the question, and uses nothing else that an earlier run kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-replies-'));
    try {
      const endpoint = await open((response, _, index) => answer(response, index < 2 ? 'hm' : 'yes'));
      const cached = cachedEndpoint(endpoint, folder, server!.url);
      const asked = { ...REQUEST, isAnswer: (text: string) => text === 'yes' };
      expect((await cached.ask(asked)).text).toBe('hm');
      expect(await readdir(folder)).toEqual([]);
      // Any text is an answer to this one, which is the same question.
      expect((await cached.ask(REQUEST)).text).toBe('hm');
      expect(await cached.ask(asked)).toMatchObject({ text: 'yes', isCached: false });
      expect(await cached.ask(asked)).toMatchObject({ text: 'yes', isCached: true });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('asks for the same thing once, and for anything else again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-replies-'));
    try {
      const endpoint = await open((response, _, index) => answer(response, `answer ${index}`));
      const cached = cachedEndpoint(endpoint, join(folder, 'replies'), server!.url);
      expect(await cached.ask(REQUEST)).toMatchObject({ text: 'answer 0', isCached: false });
      expect(await cached.ask(REQUEST)).toEqual({
        text: 'answer 0',
        promptTokens: 100,
        completionTokens: 7,
        isCached: true,
      });
      const others: ChatRequest[] = [
        { ...REQUEST, user: 'x' },
        { ...REQUEST, system: 'x' },
        { ...REQUEST, maxTokens: 21 },
        { ...REQUEST, answer: { name: 'said', schema: { type: 'string' } } },
      ];
      for (const [i, other] of others.entries()) {
        expect((await cached.ask(other)).text).toBe(`answer ${i + 1}`);
      }
      const elsewhere = cachedEndpoint({ ...endpoint, model: 'other' }, join(folder, 'replies'), server!.url);
      expect((await elsewhere.ask(REQUEST)).text).toBe('answer 5');
      const files = await readdir(join(folder, 'replies'));
      expect(files.length).toBe(6);
      for (const file of files) {
        expect(await readFile(join(folder, 'replies', file), 'utf8')).not.toContain('Bearer');
        await writeFile(join(folder, 'replies', file), '{"text":7');
      }
      expect(await cached.ask(REQUEST)).toMatchObject({ text: 'answer 6', isCached: false });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('retryAfterOf', () => {
  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:10 GMT' }, 10_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('%j', (headers, expected) => {
    const now = Date.parse('2026-11-23T12:00:00Z');
    expect(retryAfterOf(new Headers(headers as Record<string, string>), now)).toBe(expected);
  });
});
