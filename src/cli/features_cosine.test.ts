import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type PublishedPlace,
  publish,
  SAE_FILE,
  SAE_ID,
  SAE_REPO,
  SECRET,
} from '../../test/support/published.ts';
import { snapshot } from '../../test/support/run_command.ts';
import { fixture } from '../../test/support/sae_fixtures.ts';
import { writeNpz } from '../formats/numpy/npz_writer.ts';
import { writeSafetensors } from '../formats/safetensors/safetensors.ts';
import { createRng } from '../tensor/rng.ts';

const [FEATURES, WIDTH] = [4000, 96];

let folder: string;
let place: PublishedPlace;
let decoder: Float32Array;
let encoder: Float32Array;

/** Float64 over the values as they were written; encoders are stored with features as columns. */
function expectedCosine(space: 'decoder' | 'encoder', a: number, b: number): number {
  const at = (feature: number, k: number): number =>
    space === 'decoder' ? decoder[feature * WIDTH + k]! : encoder[k * FEATURES + feature]!;
  let [dot, left, right] = [0, 0, 0];
  for (let k = 0; k < WIDTH; k++) {
    dot += at(a, k) * at(b, k);
    left += at(a, k) ** 2;
    right += at(b, k) ** 2;
  }
  return dot / Math.sqrt(left * right);
}

beforeEach(async () => {
  const rng = createRng(3, 'cosine');
  const random = (length: number): Float32Array => Float32Array.from({ length }, () => rng.normal());
  [decoder, encoder] = [random(FEATURES * WIDTH), random(FEATURES * WIDTH)];
  folder = await mkdtemp(join(tmpdir(), 'antipode-cosine-'));
  const path = join(folder, 'params.npz');
  await writeNpz(path, [
    { name: 'W_enc', shape: [WIDTH, FEATURES], data: encoder },
    { name: 'W_dec', shape: [FEATURES, WIDTH], data: decoder },
    { name: 'b_enc', shape: [FEATURES], data: new Float32Array(FEATURES) },
    { name: 'b_dec', shape: [WIDTH], data: new Float32Array(WIDTH) },
    { name: 'threshold', shape: [FEATURES], data: new Float32Array(FEATURES) },
  ]);
  place = await publish(await readFile(path));
});
afterEach(async () => {
  await place.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly cosines: Readonly<Record<string, number | null>>;
  readonly received_bytes: number;
}

async function ask(...args: readonly string[]): Promise<Answer> {
  const { code, stderr, stdout } = await place.run(['features', 'cosine', ...args, '--json']);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return JSON.parse(stdout) as Answer;
}

const WHOLE = 2 * FEATURES * WIDTH * 4;
/** No file as large as the weights. */
const nothingKept = (): boolean =>
  [...snapshot(place.home).values()].every((base64) => base64.length < WHOLE);

describe('antipode features cosine', () => {
  it('reads two rows from the server, and not the file', async () => {
    const page = `https://www.neuronpedia.org/${SAE_ID}/7`;
    const { cosines, received_bytes } = await ask(page, `${SAE_ID}/1990`);
    expect(cosines['decoder']).toBeCloseTo(expectedCosine('decoder', 7, 1990), 12);
    expect(received_bytes).toBeGreaterThan(2 * WIDTH * 4);
    expect(received_bytes).toBeLessThan(WHOLE / 8);
    expect(nothingKept()).toBe(true);
    const ranges = place.hub.requests.filter(({ host, method }) => host === 'cdn' && method === 'GET');
    expect(ranges.every(({ headers }) => headers.range?.startsWith('bytes='))).toBe(true);
  });

  it('takes the address of a file, at the hub and at its mirror, with the feature behind a #', async () => {
    for (const host of ['https://huggingface.co', place.hub.url]) {
      const file = `${host}/${SAE_REPO}/resolve/main/${SAE_FILE}`;
      const { cosines } = await ask(`${file}#3`, `${file}#4`);
      expect(cosines['decoder']).toBeCloseTo(expectedCosine('decoder', 3, 4), 12);
    }
    expect(nothingKept()).toBe(true);
  });

  it('takes any other address, of npz and safetensors files', async () => {
    await writeSafetensors(join(folder, 'params.safetensors'), [
      { name: 'w_enc', dtype: 'F32', shape: [WIDTH, FEATURES], data: encoder },
      { name: 'w_dec', dtype: 'F32', shape: [FEATURES, WIDTH], data: decoder },
      { name: 'b_enc', dtype: 'F32', shape: [FEATURES], data: new Float32Array(FEATURES) },
      { name: 'b_dec', dtype: 'F32', shape: [WIDTH], data: new Float32Array(WIDTH) },
      { name: 'threshold', dtype: 'F32', shape: [FEATURES], data: new Float32Array(FEATURES) },
    ]);
    place.hub.addObject('own/params.safetensors', await readFile(join(folder, 'params.safetensors')));
    const url = `${place.hub.bucketUrl}/own/params.safetensors`;
    const { cosines, received_bytes } = await ask(`${url}#10`, `${url}#11`);
    expect(cosines['decoder']).toBeCloseTo(expectedCosine('decoder', 10, 11), 12);
    expect(received_bytes).toBeGreaterThan(2 * WIDTH * 4);
    expect(received_bytes).toBeLessThan(WHOLE / 8);
    const both = await ask(`${url}#10`, `${SAE_ID}#11`);
    expect(both.cosines).toEqual(cosines);
    expect(both.received_bytes).toBeGreaterThan(received_bytes);
    const toBucket = place.hub.requests.filter(({ host }) => host === 'bucket');
    expect(toBucket.length).toBeGreaterThan(0);
    expect(JSON.stringify(toBucket)).not.toContain(SECRET);
  });

  it('fetches the file where features are columns, and reads from it afterwards', async () => {
    const { cosines, received_bytes } = await ask(
      `${SAE_ID}/1`,
      `${SAE_ID}/2`,
      '--spaces',
      'encoder,decoder',
    );
    expect(cosines['encoder']).toBeCloseTo(expectedCosine('encoder', 1, 2), 12);
    expect(cosines['decoder']).toBeCloseTo(expectedCosine('decoder', 1, 2), 12);
    expect(received_bytes).toBeLessThan(WHOLE / 8);
    expect(nothingKept()).toBe(false);
    const before = place.hub.requests.length;
    expect((await ask(`${SAE_ID}/1`, `${SAE_ID}/2`)).received_bytes).toBe(0);
    expect(place.hub.requests.length).toBe(before);
  });

  it('fetches the file where the server gives no ranges, or the array is compressed', async () => {
    place.hub.fault = ({ host }) => (host === 'cdn' ? { ignoresRange: true } : undefined);
    const { cosines } = await ask(`${SAE_ID}/5`, `${SAE_ID}/6`);
    expect(cosines['decoder']).toBeCloseTo(expectedCosine('decoder', 5, 6), 12);
    expect(nothingKept()).toBe(false);
    place.hub.addObject('own/params.npz', await readFile(fixture('gemma_scope_deflated/params.npz')));
    const deflated = `${place.hub.bucketUrl}/own/params.npz`;
    const local = fixture('gemma_scope_deflated/params.npz');
    expect((await ask(`${deflated}#1`, `${deflated}#2`)).cosines).toEqual(
      (await ask(`${local}#1`, `${local}#2`)).cosines,
    );
  });

  it('needs no network for what is here', async () => {
    await copyFile(fixture('gemma_scope/params.npz'), join(place.cwd, 'own.npz'));
    const { cosines } = await ask('own.npz#1', 'own.npz#1');
    expect(cosines['decoder']).toBeCloseTo(1, 12);
    expect(place.hub.requests).toEqual([]);
    const { stdout } = await place.run([
      'features',
      'cosine',
      'organism/1-res-2k/404',
      'organism/1-res-2k#281',
    ]);
    expect(stdout).toBe('decoder  0.38794\n');
  });

  it.each<[string, readonly string[], number, string]>([
    ['an index alone', ['404', '281'], 2, 'which feature of which SAE'],
    ['a layer and an index', ['20:404', '20:281'], 2, 'which feature of which SAE'],
    ['a feature beyond the last', [`${SAE_ID}/1`, `${SAE_ID}/4000`], 2, 'features 0 to 3999'],
    ['SAEs of two widths', [`${SAE_ID}/1`, 'organism/1-res-2k/1'], 2, 'width'],
    [
      'an address with a secret',
      ['https://u:p@host/params.npz#1', `${SAE_ID}/1`],
      2,
      'holds a password or a query',
    ],
    ['an address of nothing', ['https://host/#1', `${SAE_ID}/1`], 2, 'does not end in the name of a file'],
    ['a file that is not there', ['params.npz#1', `${SAE_ID}/1`], 3, 'no such file'],
  ])('%s: %j ends with %i', async (_, args, code, sentence) => {
    const result = await place.run(['features', 'cosine', ...args]);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(sentence)]);
  });

  it('offline, what is not here is missing', async () => {
    const { code, stderr } = await place.run(['features', 'cosine', `${SAE_ID}/1`, `${SAE_ID}/2`], {
      HF_HUB_OFFLINE: '1',
    });
    expect([code, stderr]).toEqual([3, expect.stringContaining(`antipode download ${SAE_ID}`)]);
  });
});

it('an address stands for an SAE wherever one is named: fetched once', async () => {
  place.hub.addObject('own/params.npz', await readFile(fixture('gemma_scope/params.npz')));
  const url = `${place.hub.bucketUrl}/own/params.npz`;
  const plan = await place.run(['extremes', '--sae', url, '--dry-run']);
  expect(plan.stdout).toContain(`fetch ${url} (1.8 kB), then read it`);
  const { code, stdout } = await place.run(['sae', 'inspect', url]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('gemma-scope')]);
  const before = place.hub.requests.length;
  expect((await place.run(['sae', 'inspect', url])).stdout).toBe(stdout);
  expect(place.hub.requests.length).toBe(before);
  expect((await place.run(['cache', 'ls', '-q'])).stdout).toMatch(/^downloads\/web\/[0-9a-f]{16}\n/);
});

it('a configuration in the working folder is not that of weights on a server', async () => {
  await writeFile(join(place.cwd, 'config.json'), '{"architecture":"something else","model_name":"wrong"}');
  await writeFile(join(place.cwd, 'cfg.json'), 'not even JSON');
  const { cosines } = await ask(`${SAE_ID}/1`, `${SAE_ID}/2`);
  expect(cosines['decoder']).toBeCloseTo(expectedCosine('decoder', 1, 2), 12);
});

it('an address is recognised by its path, and called by it', async () => {
  const bytes = await readFile(fixture('gemma_scope/params.npz'));
  place.hub.addObject(`mirror/gemma-scope-2b-pt-res/${SAE_FILE}`, bytes);
  place.hub.addObject('own/happy/params.npz', bytes);
  const json = async (path: string): Promise<{ label: string; neuronpedia_id: string | null }> =>
    JSON.parse((await place.run(['sae', 'inspect', `${place.hub.bucketUrl}/${path}`, '--json'])).stdout);
  expect(await json(`mirror/gemma-scope-2b-pt-res/${SAE_FILE}`)).toMatchObject({ neuronpedia_id: SAE_ID });
  expect(await json('own/happy/params.npz')).toMatchObject({ label: 'happy', neuronpedia_id: null });
});
