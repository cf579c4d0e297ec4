import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { childrenOf, LISTS_PROCESSES, untilGone } from '../../../test/support/processes.ts';
import { AntipodeError } from '../../errors.ts';
import { type RenderChatOptions, renderChat } from './chat_template.ts';

const render = (template: string, more: Partial<RenderChatOptions> = {}): Promise<string> =>
  renderChat({ template, names: { bos_token: '<s>' }, messages: [{ role: 'user', content: 'Hi' }], ...more });

async function failure(work: Promise<string>): Promise<AntipodeError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (error instanceof AntipodeError) return error;
  throw new Error(`no sentence: ${String(error)}`);
}

test('messages, names and the generation prompt reach the template', async () => {
  const template =
    '{{ bos_token }}{% for m in messages %}{{ m.role }}={{ m["content"] }};{% endfor %}{{ add_generation_prompt }}';
  expect(await render(template)).toBe('<s>user=Hi;true');
  expect(await render(template, { addGenerationPrompt: false })).toBe('<s>user=Hi;false');
});

test('templates that print the date print the given one', async () => {
  const now = new Date(2024, 6, 26, 12);
  expect(await render("{{ strftime_now('%d %b %Y') }}", { now })).toBe('26 Jul 2024');
});

describe('what is wrong is one sentence', () => {
  test('no messages', async () => {
    expect((await failure(render('x', { messages: [] }))).message).toBe('chat: there are no messages');
  });

  test('no template', async () => {
    const error = await failure(render('{% for %}'));
    expect(error.kind).toBe('format');
    expect(error.message).toMatch(/^chat template: is not a template \(.+\)$/);
  });

  test('the template refuses', async () => {
    const error = await failure(render("{{ raise_exception('System role not supported') }}"));
    expect(error.kind).toBe('usage');
    expect(error.message).toBe('chat template: cannot write these messages (System role not supported)');
  });

  test('the user interrupts', async () => {
    expect((await failure(render('x', { signal: AbortSignal.timeout(1) }))).kind).toBe('interrupted');
  });
});

const ENDLESS = '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}';

describe('hostile templates take nothing down', () => {
  test.each([
    [
      'a list that never fits',
      '{% for i in range(1000000000) %}{% endfor %}',
      /takes too much memory \(expected at most 128 MiB\)/,
    ],
    [
      'a list doubled over and over',
      '{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}',
      /takes too much memory/,
    ],
    [
      'a text doubled over and over',
      "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
      /cannot write these messages \(Invalid string length\)/,
    ],
    [
      'a text too large to change',
      "{% set n = namespace(x='a') %}{% for i in range(28) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x | upper }}",
      /takes too much memory/,
    ],
    [
      'too long an answer',
      "{% for i in range(100000) %}{{ 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz' }}{% endfor %}",
      /writes too much \(expected at most 3145728 bytes\)/,
    ],
    [
      'brackets without end',
      `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`,
      /is not a template \(Maximum call stack/,
    ],
    [
      'a macro that calls itself',
      '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
      /cannot write these messages/,
    ],
    [
      "the host's constructor",
      "{{ ''.constructor.constructor('return process')() }}",
      /cannot write these messages/,
    ],
  ])('%s', async (_, template, message) => {
    expect((await failure(render(template))).message).toMatch(message);
  });

  test('a loop without end is stopped', async () => {
    const error = await failure(render(ENDLESS, { timeLimitMs: 1500 }));
    expect(error.message).toBe('chat template: did not come to an end within 1.5 s');
  });

  test.skipIf(!LISTS_PROCESSES)('one that runs when its parent is killed does not run on', async () => {
    const built = new URL('../../../dist/lm/tokenizer/chat_template.js', import.meta.url);
    const given = { template: ENDLESS, names: {}, messages: [{ role: 'user', content: 'Hi' }] };
    const code = `
      const { renderChat } = await import(${JSON.stringify(built)});
      await renderChat(${JSON.stringify({ ...given, timeLimitMs: 600_000 })});`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    let [child] = childrenOf(parent.pid!);
    while (child === undefined) {
      await sleep(20);
      [child] = childrenOf(parent.pid!);
    }
    // Time to read what it is to render.
    await sleep(300);
    parent.kill('SIGKILL');
    await untilGone(child);
  });
});
