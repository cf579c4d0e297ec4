import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PublishedPlace, publish, SAE_ID } from '../../test/support/published.ts';
import { environment } from '../../test/support/run_command.ts';
import { runCli } from './run.ts';

let place: PublishedPlace;
beforeEach(async () => {
  place = await publish(randomBytes(2_000_000));
  place.hub.fault = ({ host }) => (host === 'cdn' ? { slowMs: 15 } : undefined);
});
afterEach(() => place.close());

/** On a terminal. @returns what stderr was given */
async function onTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  let stderr = '';
  const code = await runCli(args, {
    stdout: { write: () => {} },
    stderr: { isTTY: true, columns: 200, write: (text) => (stderr += text) },
    stdin: (async function* () {})(),
    env: environment(place, { ...place.env, ...env }),
    cwd: place.cwd,
    signal: new AbortController().signal,
  });
  expect(code).toBe(0);
  return stderr;
}

describe('the status line of a download', () => {
  it('names the file, its share and its size, and goes away', async () => {
    const stderr = await onTerminal(['download', SAE_ID, '--only', 'weights']);
    expect(stderr).toMatch(/fetching google\/gemma-scope-2b-pt-res\/layer_20\S+params\.npz {2}\d+ %/);
    expect(stderr).toMatch(/\d MB of 2\.0 MB/);
    expect(stderr).toMatch(/\[2K$/);
  });

  it.each(['1', 'on', 'YES', 'True'])('C10 HF_HUB_DISABLE_PROGRESS_BARS=%s leaves it out', async (value) => {
    const env = { HF_HUB_DISABLE_PROGRESS_BARS: value };
    expect(await onTerminal(['download', SAE_ID, '--only', 'weights'], env)).toBe('');
  });

  it('is not there for what is here', async () => {
    await onTerminal(['download', SAE_ID]);
    expect(await onTerminal(['download', SAE_ID])).toBe('');
  });
});

it('a server that is busy is asked again, and that is said', async () => {
  let asked = 0;
  place.hub.fault = ({ host }) =>
    host === 'hub' && asked++ === 0 ? { status: 503, headers: { 'retry-after': '0' } } : undefined;
  expect(await onTerminal(['download', SAE_ID, '--only', 'weights'])).toMatch(
    /HTTP 503; next attempt in 1 s\n/,
  );
});
