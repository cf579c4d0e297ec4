import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type PublishedPlace,
  publish,
  publishExplanations,
  SAE_FILE,
  SAE_ID,
  SECRET,
} from '../support/published.ts';
import { type CommandResult, runCommand, snapshot } from '../support/run_command.ts';

/** Of a kind that nobody reads here. */
const WEIGHTS = randomBytes(8_000_000);

let place: PublishedPlace;
beforeEach(async () => {
  place = await publish(WEIGHTS);
});
afterEach(() => place.close());

function run(args: readonly string[], during?: (child: ChildProcess) => void): Promise<CommandResult> {
  return runCommand(place, args, { env: place.env, ...(during && { during }) });
}

const weightsPath = (): string =>
  join(
    place.home,
    '.cache/huggingface/hub/models--google--gemma-scope-2b-pt-res/snapshots',
    place.saeCommit,
    SAE_FILE,
  );

describe('antipode download, as a process', () => {
  it('brings weights and explanations, prints where they are, and nothing else', async () => {
    // Many requests under one signal.
    for (let n = 0; n < 30; n++) {
      place.hub.addObject(
        `v1/${SAE_ID}/explanations/batch-${100 + n}.jsonl.gz`,
        JSON.stringify({
          modelId: 'gemma-2-2b',
          layer: '20-gemmascope-res-16k',
          index: `${n + 10}`,
          description: 'x',
        }),
      );
    }
    const { code, stderr, stdout } = await run(['download', SAE_ID, '-q']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([weightsPath(), expect.stringContaining(`features/${SAE_ID}`), '']);
    expect(readFileSync(weightsPath()).equals(WEIGHTS)).toBe(true);
  });

  it('C12 C19 Ctrl-C ends it with 130 and leaves nothing half; the next run goes on', async () => {
    place.hub.fault = ({ host }) => (host === 'cdn' ? { slowMs: 30 } : undefined);
    const args = ['download', SAE_ID, '--only', 'weights', '-q'];
    const stopped = await run(args, (child) => {
      const timer = setInterval(() => {
        if (!place.hub.requests.some(({ host }) => host === 'cdn')) return;
        clearInterval(timer);
        setTimeout(() => child.kill('SIGINT'), 500);
      }, 20);
    });
    expect([stopped.code, stopped.stderr]).toEqual([130, expect.stringContaining('interrupted')]);
    expect(stopped.stdout).toBe('');
    expect([...snapshot(place.home).keys()].filter((file) => file.includes('snapshots'))).toEqual([]);
    place.hub.fault = () => undefined;
    const { code, stdout } = await run(args);
    expect([code, stdout]).toEqual([0, `${weightsPath()}\n`]);
    expect(readFileSync(weightsPath()).equals(WEIGHTS)).toBe(true);
    const { headers } = place.hub.requests.findLast(
      ({ host, method }) => host === 'cdn' && method === 'GET',
    )!;
    expect(headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('C18 a server that repeats the token cannot put it into an error', async () => {
    place.hub.fault = ({ host }) =>
      host === 'hub' ? { status: 403, headers: { 'x-error-message': `bad ${SECRET}` } } : undefined;
    const { code, stderr, stdout } = await run(['download', SAE_ID, '--verbose', '--json']);
    expect(code).toBe(4);
    expect(stderr + stdout).not.toContain(SECRET);
    expect(JSON.parse(stdout).error.kind).toBe('network');
  });

  it('an offline machine says what would fetch it, at once', async () => {
    publishExplanations(place.hub, SAE_ID);
    await place.hub.close();
    const { code, stderr } = await run(['sae', 'inspect', SAE_ID]);
    expect([code, stderr]).toEqual([
      4,
      expect.stringMatching(/no connection \(ECONNREFUSED\)\nnext: check the network/),
    ]);
  });
});
