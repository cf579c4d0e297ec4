import { copyFile, cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixture, temporaryFolder } from '../../test/support/sae_fixtures.ts';
import { EMBEDDED_FOLDER } from '../hub/embedded_default.ts';
import { openSae } from './open.ts';
import type { SaeHeader } from './sae.ts';

const ID = 'gemma-2-2b/20-gemmascope-res-16k';
const TAIL = 'layer_20/width_16k/average_l0_71/params.npz';
const URL_OF_FILE = `https://huggingface.co/google/gemma-scope-2b-pt-res/resolve/main/${TAIL}`;

let root: string;
let env: Record<string, string>;

beforeAll(async () => {
  root = await temporaryFolder();
  env = { HF_HUB_CACHE: join(root, 'hub'), HOME: root };
});

async function header(ref: string, cwd: string = root): Promise<SaeHeader> {
  const file = await openSae(ref, { env, cwd });
  await file.close();
  return file.header;
}

async function put(path: string, from = 'gemma_scope/params.npz'): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await copyFile(fixture(from), join(root, path));
}

describe('a registered SAE that is not here', () => {
  it.each([
    [ID, `antipode download ${ID} (or: hf download google/gemma-scope-2b-pt-res ${TAIL})`],
    [URL_OF_FILE, `antipode download ${URL_OF_FILE} (or: hf download google/gemma-scope-2b-pt-res ${TAIL})`],
    [
      'gpt2-small/8-res-jb',
      'antipode download gpt2-small/8-res-jb (or: hf download jbloom/GPT2-Small-SAEs-Reformatted blocks.8.hook_resid_pre/cfg.json blocks.8.hook_resid_pre/sae_weights.safetensors)',
    ],
    [
      'https://huggingface.co/google/gemma-scope-2-270m-pt/tree/abc/resid_post/layer_5_width_16k_l0_medium',
      "antipode download https://huggingface.co/google/gemma-scope-2-270m-pt/tree/abc/resid_post/layer_5_width_16k_l0_medium --revision abc (or: hf download google/gemma-scope-2-270m-pt --include 'resid_post/layer_5_width_16k_l0_medium/*' --revision abc)",
    ],
  ])('C9 %s: the next command is %s', async (ref, hint) => {
    await expect(header(ref)).rejects.toMatchObject({ kind: 'missing', hint });
  });
});

describe('a name that is not that of an SAE but near one', () => {
  it.each([
    ['organism', 'organism: is the embedded language model'],
    ['organism/3-res-2k', 'organism/3-res-2k: is no SAE of the embedded default'],
  ])('%s: the embedded SAEs are named, also where the package lies', async (ref, message) => {
    const hint = 'its SAEs are organism/1-res-2k and organism/2-res-2k';
    for (const cwd of [root, dirname(EMBEDDED_FOLDER)])
      await expect(header(ref, cwd)).rejects.toMatchObject({ kind: 'missing', message, hint });
  });

  it('a folder of one’s own that is called so is opened', async () => {
    await put('own/organism/params.npz');
    expect((await header('organism', join(root, 'own'))).identity.label).toBe('organism');
  });

  it('a folder of folders with SAEs: these are named', async () => {
    await put('trained/saelens/sae_weights.safetensors');
    await put('trained/gemma-scope/params.npz');
    await mkdir(join(root, 'trained/notes'));
    await put('release/layer_1/width_16k/average_l0_7/params.npz');
    for (const [ref, below] of [
      ['trained', ['trained/gemma-scope', 'trained/saelens']],
      ['release', ['release/layer_1/width_16k/average_l0_7']],
    ] as const) {
      const hint = `name one of the SAEs below it: ${below.map((one) => join(root, one)).join(', ')}`;
      await expect(header(ref)).rejects.toMatchObject({ kind: 'missing', hint });
    }
    await expect(header('trained/notes')).rejects.toMatchObject({
      hint: 'give the folder of one SAE, or the weight file itself',
    });
  });
});

describe('a registered SAE in the Hugging Face cache', () => {
  beforeAll(async () => {
    await put(`hub/models--google--gemma-scope-2b-pt-res/snapshots/0127b340/${TAIL}`);
    await cp(
      fixture('gemma_scope_2/resid_post'),
      join(root, 'hub/models--google--gemma-scope-2-270m-pt/snapshots/0127b340/resid_post'),
      { recursive: true },
    );
  });

  it.each([ID, `${ID}/5444`, URL_OF_FILE, 'gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71'])(
    'C11 opens by %s',
    async (ref) => {
      expect((await header(ref)).identity).toMatchObject({
        neuronpediaId: ID,
        layer: 20,
        modelName: 'gemma-2-2b',
        label: '20-gemmascope-res-16k',
      });
    },
  );

  it('opens an unregistered folder of the cache by its URL', async () => {
    const url =
      'https://huggingface.co/google/gemma-scope-2-270m-pt/tree/main/resid_post/layer_5_width_16k_l0_medium';
    const { format, identity } = await header(url);
    expect(format).toBe('gemma-scope-2');
    expect(identity).toMatchObject({
      modelName: 'google/gemma-3-270m',
      hookName: 'blocks.5.hook_resid_post',
    });
  });
});

describe('a local path', () => {
  it('is who its folders say, only where the repository is named among them', async () => {
    for (const [path, neuronpediaId] of [
      [`downloads/gemma-scope-2b-pt-res/${TAIL}`, ID],
      [`downloads/google/gemma-scope-2b-pt-res/${TAIL}`, ID],
      [`hub/models--google--gemma-scope-2b-pt-res/snapshots/0127b340/${TAIL}`, ID],
      [`downloads/my-saes/${TAIL}`, undefined],
      ['downloads/gemma-scope-2b-pt-res/params.npz', undefined],
    ] as const) {
      await put(path);
      expect((await header(path)).identity.neuronpediaId, path).toBe(neuronpediaId);
    }
  });

  it('wins over an id of the same name', async () => {
    await put(`${ID}/params.npz`);
    const { identity } = await header(ID);
    expect(identity).toEqual({ label: '20-gemmascope-res-16k', isSynthetic: false });
    await expect(header(ID, join(root, 'hub'))).resolves.toMatchObject({ identity: { layer: 20 } });
  });

  it('is relative to the given folder, or to the home folder', async () => {
    await put('some/where/params.npz');
    expect((await header('params.npz', join(root, 'some/where'))).identity.label).toBe('where');
    expect((await header('~/some/where')).identity.label).toBe('where');
  });

  it.each(['nothing.npz', './nothing', '../nothing/at/all', '~/nothing'])('C7 %s is missing', async (ref) => {
    await expect(header(ref)).rejects.toMatchObject({
      kind: 'missing',
      message: `${ref}: no such file or folder`,
    });
  });
});

describe('ID=PATH', () => {
  it('takes identity from the registry and bytes from the path', async () => {
    await put('any/thing.npz');
    const { identity, files } = await header(`${ID}=any/thing.npz`);
    expect(identity.neuronpediaId).toBe(ID);
    expect(files[0]?.path).toBe(join(root, 'any/thing.npz'));
  });

  it('names the half that is wrong', async () => {
    await expect(header(`${ID}=any/other.npz`)).rejects.toThrow(/any\/other\.npz: no such file or folder/);
    await expect(header('gemma-2-2b/nonsense=any/thing.npz')).rejects.toThrow(
      /^gemma-2-2b\/nonsense: no file of this/,
    );
  });
});

it('takes another identity when it is given one', async () => {
  const as = { label: 'mine', isSynthetic: true };
  const file = await openSae(fixture('gemma_scope'), { env, cwd: '/', as });
  await file.close();
  expect(file.header.identity).toEqual(as);
});

it('says where the registry and the file differ', async () => {
  const folder = 'downloads/GPT2-Small-SAEs-Reformatted/blocks.4.hook_resid_pre';
  await cp(fixture('saelens_v6_standard'), join(root, folder), { recursive: true });
  const { identity, facts } = await header(folder);
  expect(identity).toMatchObject({ neuronpediaId: 'gpt2-small/4-res-jb', layer: 4 });
  expect(facts).toContain(
    "hookName: the file says blocks.8.hook_resid_pre, the registry blocks.4.hook_resid_pre; the registry's is used",
  );
});

it('scales an SAE on the embeddings as SAELens does', async () => {
  await put('downloads/gemma-scope-2b-pt-res/embedding/width_4k/average_l0_6/params.npz');
  const plain = await openSae(fixture('gemma_scope'), { env, cwd: '/' });
  const scaled = await openSae('downloads/gemma-scope-2b-pt-res/embedding/width_4k/average_l0_6', {
    env,
    cwd: root,
  });
  for (const [space, factor] of [
    ['encoder', 1 / Math.sqrt(6)],
    ['decoder', Math.sqrt(6)],
  ] as const) {
    const a = await plain.readRows(space, [4]);
    const b = await scaled.readRows(space, [4]);
    expect(b.norms[0]).toBeCloseTo(a.norms[0]! * factor, 6);
    expect(b.data).toEqual((await scaled.readSpace(space)).data.slice(4 * 6, 5 * 6));
  }
  expect(scaled.header.identity.hookName).toBe('hook_embed');
  await Promise.all([plain.close(), scaled.close()]);
});
