import { afterEach, expect, test } from 'vitest';
import {
  answer,
  type ChatServer,
  type Plan,
  sendJson,
  startChatServer,
} from '../../test/support/chat_server.ts';
import { openOpenAiEndpoint } from '../endpoint/openai_endpoint.ts';
import type { CliContext } from './context.ts';
import { checkWithNotes } from './endpoint_check.ts';
import { createOutput } from './output.ts';

let server: ChatServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** What a person sees on stderr, and the error. */
async function checked(plan: Plan, timeoutMs = 5000): Promise<{ seen: string; error: unknown }> {
  server = await startChatServer(plan);
  const { url } = server;
  let seen = '';
  const stderr = { write: (text: string) => (seen += text) };
  const output = createOutput({ stdout: { write: () => {} }, stderr, env: {} });
  const context: CliContext = {
    env: {},
    cwd: '/',
    stdin: (async function* () {})(),
    signal: new AbortController().signal,
    out: () => output,
    verbose: () => false,
    isDryRun: () => false,
  };
  const open = (more: Parameters<Parameters<typeof checkWithNotes>[1]>[0]) =>
    openOpenAiEndpoint({ url, model: 'tiny', firstWaitMs: 1, ...more, timeoutMs });
  const error: unknown = await checkWithNotes(context, open).catch((reason: unknown) => reason);
  return { seen, error };
}

test('a server that answers needs no word; one that asks to wait is told of', async () => {
  expect(await checked((response) => answer(response, 'ok'))).toEqual({ seen: '', error: undefined });
  await server!.close();
  const { seen, error } = await checked((response, _, index) =>
    index === 0 ? sendJson(response, 429, {}, { 'retry-after': '0.2' }) : answer(response, 'ok'),
  );
  expect(error).toBeUndefined();
  expect(seen).toMatch(/^127\.0\.0\.1:\d+: HTTP 429; asked again in 1 s\n$/);
});

test('while nobody answers it says who is asked, and ends with a sentence', async () => {
  const { seen, error } = await checked(() => {}, 1500);
  expect(seen).toMatch(/^asking tiny at 127\.0\.0\.1:\d+ …\n$/);
  expect(error).toMatchObject({
    kind: 'network',
    message: expect.stringMatching(/no answer within 1\.5 s$/) as string,
  });
  expect(server!.requests.length).toBe(1);
});
