/** @file A server on this machine that speaks like an OpenAI-compatible one, with a plan for each request: for tests of what asks it. */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** Milliseconds. */
  readonly at: number;
}

/** What becomes of request `index`, from 0. */
export type Plan = (response: ServerResponse, request: SeenRequest, index: number) => void;

export interface ChatServer {
  /** `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

export async function startChatServer(plan: Plan): Promise<ChatServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Record<string, unknown>;
      const seen = { path: request.url ?? '', headers: request.headers, body, at: performance.now() };
      plan(response, seen, requests.push(seen) - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** An answer of the usual form. */
export function answer(response: ServerResponse, content: string): void {
  sendJson(response, 200, {
    id: 'x',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 100, completion_tokens: 7, total_tokens: 107 },
  });
}

/** What a judge was asked to label: the JSON that it sent as the user's message. */
export interface JudgedMaterial {
  readonly baseline: readonly { readonly message: string; readonly reply: string }[];
  readonly judged: { readonly message: string; readonly reply: string };
}

export function judgedIn({ body }: SeenRequest): JudgedMaterial {
  const messages = body['messages'] as readonly { readonly role: string; readonly content: string }[];
  return JSON.parse(messages.find(({ role }) => role === 'user')!.content) as JudgedMaterial;
}

/** A body that ends before its announced length, as when a proxy dies. */
export function cutOff(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
  response.write('{"choices":[{"message":{"content":"');
  setTimeout(() => response.destroy(), 5);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}
