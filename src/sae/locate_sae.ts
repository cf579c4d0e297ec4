/**
 * @file Where the files of an SAE are that a user named: a path, `ID=PATH`, the embedded default, or a published SAE in the Hugging Face cache, which
 * is fetched where it is not there and the caller gave a way to. Leaves out what is in the files.
 */

import { homedir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { Env } from '../hub/cache_dirs.ts';
import {
  EMBEDDED_FOLDER,
  EMBEDDED_MODEL_ID,
  EMBEDDED_SAES,
  type EmbeddedSae,
  embeddedSae,
} from '../hub/embedded_default.ts';
import type { HubFile, HubFileFacts, HubFiles } from '../hub/fetch_wanted.ts';
import { findInHfCache, type HfCachedFile, type HfFileRequest, hfRepoFolder } from '../hub/hf_cache.ts';
import { hfEndpoint, isOffline } from '../hub/hf_env.ts';
import type { RemoteSource } from '../hub/remote_source.ts';
import { findWebFile, webFilePath } from '../hub/web_file.ts';
import { requireSae, resolveSae, type SaeAddress } from './registry/registry.ts';
import type { SaeIdentity } from './sae.ts';
import { exists, isTensorFile, WEIGHT_FILES } from './sae_source.ts';

export interface LocateOptions {
  readonly env: Env;
  /** Relative paths count from here. */
  readonly cwd: string;
  /** Branch, tag or commit of a published SAE, instead of what its URL says or `main`. */
  readonly revision?: string | undefined;
  /** Fetches a published SAE that is not on this machine; without it that is an error. */
  readonly hub?: HubFiles | undefined;
}

export interface Located {
  /** A file or folder; of weights that stay on their server, where they would be in a cache. */
  readonly path: string;
  /** By which it is recognised instead of the path, which then is made up. */
  readonly publishedPath?: string | undefined;
  readonly identity?: SaeIdentity | undefined;
  /** Weights that stay on their server. */
  readonly remote?: RemoteSource | undefined;
}

/**
 * @param ranges leave the weights on their server where they are not here and it gives ranges; configurations are fetched all the same
 * @throws {AntipodeError} `missing` with the command that fetches it, `usage` for a reference that makes no sense, and as `HubFiles`
 */
export async function locateSae(ref: string, options: LocateOptions, ranges = false): Promise<Located> {
  const local = localPath(ref, options);
  const isThere = await exists(local);
  if (ref === EMBEDDED_MODEL_ID && (!isThere || local === resolve(EMBEDDED_FOLDER))) throw noEmbeddedSae(ref);
  if (isThere) return { path: local };
  const split = ref.indexOf('=');
  if (split > 0 && !/^https?:/i.test(ref)) {
    const path = localPath(ref.slice(split + 1), options);
    const { identity } = requireSae(ref.slice(0, split));
    if (!(await exists(path))) throw nothingAt(path);
    return { path, identity };
  }
  const embedded = embeddedSae(ref);
  if (embedded) return { path: embedded.weights, identity: embeddedIdentity(embedded) };
  if (ref.startsWith(`${EMBEDDED_MODEL_ID}/`)) throw noEmbeddedSae(ref);
  if (looksLikePath(ref)) throw nothingAt(ref);
  const url = webAddress(ref, options.env);
  if (url !== undefined) return locateUrl(url, options, ranges);
  const address = addressOf(ref, options);
  const { identity } = address;
  const { env, hub } = options;
  const cached = await findCached(address, env);
  // Another program may have fetched the weights alone.
  if (cached && (!hub || (await hasConfigurations(address, cached, env))))
    return { path: cached.path, identity };
  if (!hub) throw notCached(ref, address, env);
  return { ...(await fetchSae(address, { env, hub }, ranges)), identity };
}

/** @throws {AntipodeError} `missing` with the nearest names; `usage` for a URL or release that is no SAE */
export function addressOf(
  ref: string,
  { env, revision }: Pick<LocateOptions, 'env' | 'revision'>,
): SaeAddress {
  const named = onTheHub(ref, env);
  const address = resolveSae(named) ?? requireSae(named);
  return revision === undefined ? address : { ...address, revision };
}

/** An address at a mirror (`HF_ENDPOINT`) as the hub's own. */
function onTheHub(ref: string, env: Env): string {
  const mirror = `${hfEndpoint(env)}/`;
  return ref.startsWith(mirror) ? `https://huggingface.co/${ref.slice(mirror.length)}` : ref;
}

/** An address that is neither the hub's nor Neuronpedia's; undefined for everything else. */
export function webAddress(ref: string, env: Env): string | undefined {
  const named = onTheHub(ref, env);
  if (!/^https?:\/\//i.test(named) || !URL.canParse(named)) return undefined;
  const isKnown = /(^|\.)(neuronpedia\.org|huggingface\.co|hf\.co)$/.test(new URL(named).hostname);
  return isKnown ? undefined : named;
}

async function locateUrl(url: string, { env, hub }: LocateOptions, ranges: boolean): Promise<Located> {
  const cached = await findWebFile(env, url);
  const publishedPath = new URL(url).pathname;
  if (cached !== undefined) return { path: cached, publishedPath };
  if (!hub) {
    throw new AntipodeError('missing', `${url}: is not on this machine`, {
      hint: isOffline(env)
        ? 'unset HF_HUB_OFFLINE and run the same command again'
        : 'run it without --dry-run',
    });
  }
  const remote = ranges ? await hub.openUrl(url) : undefined;
  return remote
    ? { path: webFilePath(env, url), publishedPath, remote }
    : { path: await hub.fetchUrl(url), publishedPath };
}

function nothingAt(path: string): AntipodeError {
  return new AntipodeError('missing', `${path}: no such file or folder`, {
    hint: 'check the path; antipode sae list shows what is known by name',
  });
}

/** The language model has the name that its SAEs begin with. */
function noEmbeddedSae(ref: string): AntipodeError {
  const problem =
    ref === EMBEDDED_MODEL_ID ? 'is the embedded language model' : 'is no SAE of the embedded default';
  return new AntipodeError('missing', `${ref}: ${problem}`, {
    hint: `its SAEs are ${EMBEDDED_SAES.map(({ id }) => id).join(' and ')}`,
  });
}

/** Who an SAE of the embedded default is. */
export function embeddedIdentity({ id, layer }: EmbeddedSae): SaeIdentity {
  return {
    label: id.replace('/', '-'),
    neuronpediaId: id,
    modelName: EMBEDDED_MODEL_ID,
    hookName: `blocks.${layer}.hook_resid_post`,
    layer,
    isSynthetic: false,
  };
}

function localPath(path: string, { cwd, env }: LocateOptions): string {
  const home = env['HOME'] || homedir();
  return resolve(cwd, path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path);
}

function looksLikePath(ref: string): boolean {
  return /^[./~]/.test(ref) || (!/^https?:/i.test(ref) && /\.(npz|safetensors|pth|bin|json)$/.test(ref));
}

/** The weight file of a published SAE. */
async function findCached(
  { repoId, path, files, revision }: SaeAddress,
  env: Env,
): Promise<HfCachedFile | undefined> {
  const candidates = files.length > 0 ? files.slice(-1) : WEIGHT_FILES.map((name) => `${path}/${name}`);
  for (const candidate of candidates) {
    const found = await findInHfCache(env, { repoId, path: candidate, revision });
    if (found) return found;
  }
  return undefined;
}

async function hasConfigurations(
  { files, repoId }: SaeAddress,
  { commit }: HfCachedFile,
  env: Env,
): Promise<boolean> {
  for (const path of files.slice(0, -1)) {
    if (!(await findInHfCache(env, { repoId, path, revision: commit }))) return false;
  }
  return true;
}

/** Configurations of SAEs; larger files of JSON are something else. */
const MAX_CONFIG_BYTES = 4 * 2 ** 20;

/** Configurations first, so that weights are never here without them. */
async function fetchSae(
  address: SaeAddress,
  { env, hub }: { readonly env: Env; readonly hub: HubFiles },
  ranges: boolean,
): Promise<Located> {
  const { repoId, revision } = address;
  const listed = await filesToFetch(address, hub);
  const weights = listed.at(-1)!;
  let config: HfCachedFile | undefined;
  for (const file of listed.slice(0, -1)) {
    config =
      (await fetchIfThere(hub, { repoId, path: file, revision: config?.commit ?? revision })) ?? config;
  }
  // All of one commit: a branch may move in between.
  const request = { repoId, path: weights, revision: config?.commit ?? revision };
  const remote = ranges ? await hub.openRanges(request) : undefined;
  if (!remote) return { path: (await hub.fetch(request)).path };
  // Without a configuration nothing of this commit is here: a folder that no snapshot is called.
  const snapshot = config?.snapshot ?? join(hfRepoFolder(env, repoId), 'snapshots', 'none');
  return { path: join(snapshot, weights), remote };
}

/** Some repositories lack configurations that their kind usually has. */
function fetchIfThere(hub: HubFiles, request: HfFileRequest): Promise<HfCachedFile | undefined> {
  return hub.fetch(request).catch(unlessMissing);
}

/** @param isOptional what the repository has not is undefined, and no error */
export function lookIfThere(
  hub: HubFiles,
  request: HfFileRequest,
  isOptional: boolean,
): Promise<HubFileFacts | undefined> {
  const facts = hub.look(request);
  return isOptional ? facts.catch(unlessMissing) : facts;
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof AntipodeError && error.kind === 'missing') return undefined;
  throw error;
}

/**
 * What makes up a published SAE: its configurations, which the repository may lack, then its weights. Where no registry knows them, what lies in its folder.
 * @throws {AntipodeError} `missing` where there are no weights in it, `usage` where there are several
 */
export async function filesToFetch(
  { files, path, repoId, revision }: SaeAddress,
  hub: Pick<HubFiles, 'list'>,
): Promise<readonly string[]> {
  if (files.length > 0) return files;
  const listed = await hub.list({ repoId, path, revision });
  const weights = weightsAmong(listed, path);
  if (weights.length === 1) {
    const configs = listed.filter(
      ({ byteLength, path: file }) => file.endsWith('.json') && byteLength <= MAX_CONFIG_BYTES,
    );
    return [...configs.map((file) => file.path), weights[0]!];
  }
  if (weights.length > 1) {
    throw new AntipodeError(
      'usage',
      `${repoId}: ${path} holds several weight files (${weights.slice(0, 6).join(', ')})`,
      {
        hint: 'name the one that is meant',
      },
    );
  }
  const below = [...new Set(listed.filter(isWeights).map((file) => posix.dirname(file.path)))];
  throw new AntipodeError('missing', `${repoId}: ${path} holds no SAE weights`, {
    hint:
      below.length === 0
        ? `look at what there is: https://huggingface.co/${repoId}`
        : `name one of the SAEs below it: ${below.slice(0, 4).join(', ')}`,
  });
}

function weightsAmong(listed: readonly HubFile[], folder: string): string[] {
  const paths = listed.map(({ path }) => path);
  const known = WEIGHT_FILES.map((name) => `${folder}/${name}`).find((path) => paths.includes(path));
  if (known !== undefined) return [known];
  return paths.filter((path) => posix.dirname(path) === folder && isTensorFile(path));
}

function isWeights({ path }: HubFile): boolean {
  return isTensorFile(path);
}

/** What fetches it, in our words and in Python's. */
function notCached(ref: string, { repoId, path, files, revision }: SaeAddress, env: Env): AntipodeError {
  const at = revision === undefined ? '' : ` --revision ${shellWord(revision)}`;
  const what = files.length > 0 ? files.map(shellWord).join(' ') : `--include ${shellWord(`${path}/*`)}`;
  const offline = isOffline(env) ? 'with a network, and without HF_HUB_OFFLINE: ' : '';
  return new AntipodeError('missing', `${repoId}: ${path} is not in the Hugging Face cache of this machine`, {
    hint: `${offline}antipode download ${shellWord(ref)}${at} (or: hf download ${repoId} ${what}${at})`,
  });
}

function shellWord(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
