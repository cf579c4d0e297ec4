/** @file What tests of fetching commands share: a hub with one SAE of the article, its explanations and a small model, and commands that know no other hub. */

import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach } from 'vitest';
import { type FakeHub, startFakeHub } from './fake_hub.ts';
import { type CommandResult, makePlace, type Place, runHere } from './run_command.ts';
import { fixture } from './sae_fixtures.ts';
import { writeTinyModel } from './tiny_model.ts';

export const SAE_ID = 'gemma-2-2b/20-gemmascope-res-16k';
export const SAE_REPO = 'google/gemma-scope-2b-pt-res';
export const SAE_FILE = 'layer_20/width_16k/average_l0_71/params.npz';
export const MODEL_REPO = 'tiny/model';
export const EXPORTED = '2025-03-05';
export const SECRET = 'hf_aVerySecretTokenThatNobodyMaySee';

export interface PublishedPlace extends Place {
  readonly hub: FakeHub;
  readonly saeCommit: string;
  readonly modelCommit: string;
  /** One command, without a process of its own. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** For commands in processes of their own. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function publish(
  weights: Uint8Array = readFileSync(fixture('gemma_scope/params.npz')),
): Promise<PublishedPlace> {
  const hub = await startFakeHub();
  const place = makePlace();
  const { commit: saeCommit } = hub.addRepo(SAE_REPO, {
    files: { [SAE_FILE]: { bytes: weights, isLarge: true }, 'README.md': 'text' },
  });
  const { commit: modelCommit } = hub.addRepo(MODEL_REPO, { files: await modelFiles() });
  publishExplanations(hub, SAE_ID);
  const env = {
    HF_ENDPOINT: hub.url,
    HF_HUB_OFFLINE: '0',
    HF_TOKEN: SECRET,
    ANTIPODE_NEURONPEDIA_DATASETS: hub.bucketUrl,
    ANTIPODE_NEURONPEDIA_EXPORTS: hub.bucketUrl,
  };
  return {
    ...place,
    hub,
    saeCommit,
    modelCommit,
    env,
    run: (args, more = {}) => runHere(place, args, { env: { ...env, ...more } }),
    async close() {
      await hub.close();
      place.remove();
    },
  };
}

/** Every test of a file has a place of its own. @param take is given it before each */
export function publishForEach(take: (place: PublishedPlace) => void): void {
  let place: PublishedPlace;
  beforeEach(async () => {
    place = await publish();
    take(place);
  });
  afterEach(() => place.close());
}

async function modelFiles(): Promise<Record<string, { bytes: Uint8Array; isLarge: boolean }>> {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-model-'));
  try {
    await writeTinyModel(folder);
    const files: Record<string, { bytes: Uint8Array; isLarge: boolean }> = {};
    for (const name of await readdir(folder)) {
      files[name] = { bytes: await readFile(join(folder, name)), isLarge: name.endsWith('.safetensors') };
    }
    return {
      ...files,
      'original/consolidated.00.pth': { bytes: Buffer.from('other weights'), isLarge: true },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two batches of explanations and one of firing facts. */
export function publishExplanations(hub: FakeHub, id: string): void {
  const [modelId, layer] = id.split('/');
  const put = (name: string, rows: readonly object[]): void => {
    const text = rows.map((row) => JSON.stringify({ modelId, layer, ...row })).join('\n');
    hub.addObject(`v1/${id}/${name}.jsonl.gz`, gzipSync(text), `${EXPORTED}T10:00:00Z`);
  };
  const explanationModelName = 'gpt-4o-mini';
  put('explanations/batch-0', [{ index: '0', description: 'words of joy', explanationModelName }]);
  put('explanations/batch-1', [
    { index: '1', description: 'words of sorrow', explanationModelName },
    { index: '1', description: 'sadness', explanationModelName: 'gemini-2.5-flash-lite' },
  ]);
  put('features/batch-0', [{ index: '0', frac_nonzero: 0.25, maxActApprox: 12 }]);
  put('activations/batch-0', [{ index: '0', tokens: ['a'], values: [1] }]);
}
