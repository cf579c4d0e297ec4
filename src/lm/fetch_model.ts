/**
 * @file A language model by its name on the Hugging Face hub: which of a repository's files one needs, whether all of them are here, and the fetching of
 * those that are not. Weights are safetensors; other copies of them in the same repository (`pytorch_model.bin`, GGUF, `original/`) stay there.
 */

import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { Env } from '../hub/cache_dirs.ts';
import type { HubFile, HubFiles } from '../hub/fetch_wanted.ts';
import { findInHfCache, isRepoId } from '../hub/hf_cache.ts';

export interface ModelRequest {
  /** `google/gemma-2-2b`. */
  readonly repoId: string;
  /** Branch, tag or commit; `main` where left out. */
  readonly revision?: string | undefined;
}

const NEEDED = ['config.json', 'tokenizer.json'];
const READ_IF_THERE = [
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'chat_template.jinja',
];

const INDEX = 'model.safetensors.index.json';
const WHOLE = 'model.safetensors';
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;

/** Names of files that nobody has written yet, rather than of repositories without an organisation. */
const FILE_NAME = /^[^/]*\.(?:bin|csv|gguf|json|jsonl|npz|onnx|pt|pth|safetensors|txt|ya?ml)$/i;

/** `org/name` or `name`, each with `@revision` or without; undefined for anything else. */
export function parseModelName(text: string): ModelRequest | undefined {
  const [, repoId, revision] = /^([^@]+)(?:@([\w./-]+))?$/.exec(text) ?? [];
  if (repoId === undefined || !isRepoId(repoId) || FILE_NAME.test(repoId)) return undefined;
  return { repoId, ...(revision !== undefined && { revision }) };
}

/** The folder of a model in the cache, with everything that running it takes; undefined where something is missing. */
export async function findModel(env: Env, { repoId, revision }: ModelRequest): Promise<string | undefined> {
  const config = await findInHfCache(env, { repoId, path: 'config.json', revision });
  if (!config) return undefined;
  const folder = dirname(config.path);
  return (await isComplete(folder)) ? folder : undefined;
}

async function isComplete(folder: string): Promise<boolean> {
  for (const name of await neededIn(folder)) if (!(await isThere(folder, name))) return false;
  return true;
}

/** Weights as the index says, where it is there. */
async function neededIn(folder: string): Promise<string[]> {
  if (await isThere(folder, WHOLE)) return [...NEEDED, WHOLE];
  if (!(await isThere(folder, INDEX))) return [...NEEDED, WHOLE];
  return [...NEEDED, INDEX, ...(await shardsOf(join(folder, INDEX)))];
}

function isThere(folder: string, name: string): Promise<boolean> {
  return stat(join(folder, name)).then(
    () => true,
    () => false,
  );
}

/** What the cache has and lacks of a model, inside the repository, without asking anybody: as much of it as what is here tells. */
export async function cachedModelFiles(env: Env, { repoId, revision }: ModelRequest): Promise<string[]> {
  const config = await findInHfCache(env, { repoId, path: 'config.json', revision });
  if (!config) return [...NEEDED, WHOLE];
  const needed = await neededIn(config.snapshot);
  const further: string[] = [];
  for (const name of READ_IF_THERE) if (await isThere(config.snapshot, name)) further.push(name);
  return [...NEEDED, ...further, ...needed.slice(NEEDED.length)];
}

/** What is wrong with an index, those who open it say. */
async function shardsOf(path: string): Promise<string[]> {
  const index: unknown = await readFile(path, 'utf8')
    .then((text) => JSON.parse(text) as unknown)
    .catch(() => undefined);
  const map: unknown = (index as { weight_map?: unknown } | undefined)?.weight_map;
  const names = typeof map === 'object' && map !== null ? Object.values(map) : [];
  return [...new Set(names.filter((name): name is string => typeof name === 'string'))];
}

/**
 * The files of a repository that a model needs, small ones first.
 * @throws {AntipodeError} `missing` where it has no weights that are read here, and as `HubFiles`
 */
export async function modelFiles(
  { repoId, revision }: ModelRequest,
  hub: Pick<HubFiles, 'list'>,
): Promise<HubFile[]> {
  const listed = await hub.list({ repoId, path: '', revision });
  const named = (test: (path: string) => boolean): HubFile[] => listed.filter(({ path }) => test(path));
  const whole = named((path) => path === WHOLE);
  const weights = whole.length > 0 ? whole : named((path) => path === INDEX || SHARD.test(path));
  const lacks = [...NEEDED.filter((name) => named((path) => path === name).length === 0)];
  if (weights.length === 0) lacks.push(WHOLE);
  if (lacks.length > 0) {
    throw new AntipodeError(
      'missing',
      `${repoId}: is no model that runs here (it has no ${lacks.join(', no ')})`,
      {
        hint: 'look for the same model with safetensors weights and a tokenizer.json',
      },
    );
  }
  const small = named((path) => NEEDED.includes(path) || READ_IF_THERE.includes(path));
  return [...small, ...weights.sort((left, right) => left.byteLength - right.byteLength)];
}

/**
 * Fetches what is missing, all of one commit.
 * @returns the model's folder
 * @throws {AntipodeError} as `modelFiles` and `HubFiles`
 */
export async function fetchModel(request: ModelRequest, hub: HubFiles): Promise<string> {
  const { repoId } = request;
  let { revision } = request;
  let folder = '';
  for (const { path } of await modelFiles(request, hub)) {
    const file = await hub.fetch({ repoId, path, revision });
    // A branch may move while gigabytes come.
    revision = file.commit;
    folder = file.snapshot;
  }
  return folder;
}
