/**
 * @file Opens what a user named: a local file or folder, a registered id or pasted URL whose files are in the Hugging Face cache, or
 * `ID=PATH` (this file is that SAE), or an SAE of the embedded default. A path that exists wins over every other reading. Never downloads.
 */

import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { openTensorFile } from '../formats/detect.ts';
import type { TensorFile } from '../formats/tensor_file.ts';
import type { Env } from '../hub/cache_dirs.ts';
import {
  EMBEDDED_FOLDER,
  EMBEDDED_MODEL_ID,
  EMBEDDED_SAES,
  type EmbeddedSae,
  embeddedSae,
} from '../hub/embedded_default.ts';
import { findInHfCache, repoIdOfFolder } from '../hub/hf_cache.ts';
import { type JsonConfig, readConfig } from './loaders/json_config.ts';
import { layoutOf } from './loaders/loaders.ts';
import { parseTensorMap, type TensorMap } from './loaders/tensor_map.ts';
import { registeredAt, requireSae, resolveSae, type SaeAddress } from './registry/registry.ts';
import { repositoryIds } from './registry/registry_data.ts';
import type { SaeFile, SaeFileFact, SaeIdentity } from './sae.ts';
import { exists, findWeights, labelOf, type MatrixName, type SaeSource, WEIGHT_FILES } from './sae_source.ts';
import { openLayout } from './weights/open_layout.ts';

export interface OpenSaeOptions {
  readonly env: Env;
  /** Relative paths count from here. */
  readonly cwd: string;
  /** `W_enc=encoder_weights` and so on, for files of an unknown layout. */
  readonly map?: readonly string[] | undefined;
  /** Matrices that the file stores transposed against its format. */
  readonly transpose?: readonly MatrixName[] | undefined;
  /** A loader's name instead of detection. */
  readonly format?: string | undefined;
  /** Who it is, instead of what the path or the registry says. */
  readonly as?: SaeIdentity | undefined;
}

/**
 * Reads headers and configurations; weights are read when asked for. The caller closes it.
 * @throws {AntipodeError} `missing` with the command that fetches it, `usage` for a reference or mapping that makes no sense, `format`
 * for files that are damaged or contradict themselves
 */
export async function openSae(ref: string, options: OpenSaeOptions): Promise<SaeFile> {
  const map = options.map && options.map.length > 0 ? parseTensorMap(options.map) : undefined;
  const { path, identity } = await locate(ref, options);
  const weightsPath = await findWeights(path);
  const known = options.as ?? identity ?? identityOfPath(weightsPath);
  return openWeights(weightsPath, known, { ...options, parsedMap: map });
}

interface Located {
  readonly path: string;
  readonly identity?: SaeIdentity | undefined;
}

async function locate(ref: string, options: OpenSaeOptions): Promise<Located> {
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
  const address = resolveSae(ref) ?? requireSae(ref);
  return { path: await findCached(address, options.env), identity: address.identity };
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

function localPath(path: string, { cwd, env }: OpenSaeOptions): string {
  const home = env['HOME'] || homedir();
  return resolve(cwd, path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path);
}

function looksLikePath(ref: string): boolean {
  return /^[./~]/.test(ref) || (!/^https?:/i.test(ref) && /\.(npz|safetensors|pth|bin|json)$/.test(ref));
}

/** The local folder or weight file of a published SAE. */
async function findCached(address: SaeAddress, env: Env): Promise<string> {
  const { repoId, path, files, revision } = address;
  const weights = files.at(-1);
  const candidates = weights === undefined ? WEIGHT_FILES.map((name) => `${path}/${name}`) : [weights];
  for (const candidate of candidates) {
    const found = await findInHfCache(env, { repoId, path: candidate, revision });
    if (found) return found.path;
  }
  throw notCached(address);
}

function notCached({ repoId, path, files, revision }: SaeAddress): AntipodeError {
  const at = revision === undefined ? '' : ` --revision ${revision}`;
  const what = files.length > 0 ? files.map(shellWord).join(' ') : `--include ${shellWord(`${path}/*`)}`;
  return new AntipodeError('missing', `${repoId}: ${path} is not in the Hugging Face cache of this machine`, {
    hint: `hf download ${repoId} ${what}${at}`,
  });
}

function shellWord(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Only where the repository's name is part of the path, so that nothing is mistaken for a published SAE by a common folder name. */
export function identityOfPath(weightsPath: string): SaeIdentity {
  const parts = weightsPath.split(sep);
  for (let i = parts.length - 2; i >= 0; i--) {
    const part = parts[i] ?? '';
    const inCache = parts[i + 1] === 'snapshots' ? repoIdOfFolder(part) : undefined;
    const rest = parts.slice(inCache === undefined ? i + 1 : i + 3).join('/');
    for (const repoId of inCache === undefined ? repositoriesNamed(part) : [inCache]) {
      const sae = registeredAt(repoId, rest);
      if (sae) return sae.identity;
    }
  }
  return { label: labelOf(weightsPath), isSynthetic: false };
}

function repositoriesNamed(name: string): string[] {
  // Names such as `lm_sae` say too little alone; the published folder structure under them has to fit as well, which `registeredAt` checks.
  return name === '' ? [] : repositoryIds().filter((repoId) => repoId.endsWith(`/${name}`));
}

interface WeightOptions extends OpenSaeOptions {
  readonly parsedMap: TensorMap | undefined;
}

async function openWeights(path: string, identity: SaeIdentity, options: WeightOptions): Promise<SaeFile> {
  const opened: TensorFile[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((file) => file.close()));
  };
  try {
    const source = await describeSource(path, identity, options, opened);
    const file = openLayout(
      await layoutOf(source, { format: options.format, map: options.parsedMap }),
      close,
    );
    return namingPath(file, path);
  } catch (error) {
    await close();
    throw withPath(error, path);
  }
}

/** Reading weights finds damage that opening does not; its messages name the file in full too. */
function namingPath(file: SaeFile, path: string): SaeFile {
  const named = <T>(reading: Promise<T>): Promise<T> =>
    reading.catch((error: unknown) => {
      throw withPath(error, path);
    });
  const { readDensities, readThresholds } = file;
  return {
    ...file,
    readRows: (space, features) => named(file.readRows(space, features)),
    readSpace: (space) => named(file.readSpace(space)),
    load: () => named(file.load()),
    loadFeatures: (features) => named(file.loadFeatures(features)),
    ...(readDensities && { readDensities: () => named(readDensities()) }),
    ...(readThresholds && { readThresholds: () => named(readThresholds()) }),
  };
}

/** Every SAE of Gemma Scope is a `params.npz`: a message about a malformed one has to say which. */
function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof AntipodeError) || error.kind !== 'format' || error.message.includes(path))
    return error;
  const start = `${basename(path)}: `;
  const problem = error.message.startsWith(start) ? error.message.slice(start.length) : error.message;
  return new AntipodeError(error.kind, `${path}: ${problem}`, {
    ...(error.hint && { hint: error.hint }),
    cause: error,
  });
}

async function describeSource(
  weightsPath: string,
  identity: SaeIdentity,
  options: WeightOptions,
  opened: TensorFile[],
): Promise<SaeSource> {
  const folder = dirname(weightsPath);
  const files: SaeFileFact[] = [];
  const open = async (path: string): Promise<TensorFile> => {
    const file = await openTensorFile(path);
    opened.push(file);
    files.push({ path, byteLength: (await stat(path)).size });
    return file;
  };
  const configs = new Map<string, Promise<JsonConfig | undefined>>();
  const config = (relativePath: string): Promise<JsonConfig | undefined> => {
    const known = configs.get(relativePath);
    if (known) return known;
    const reading = readConfig(join(folder, relativePath), basename(relativePath)).then((found) => {
      if (found) files.push({ path: found.path, byteLength: found.byteLength });
      return found;
    });
    configs.set(relativePath, reading);
    return reading;
  };
  return {
    weights: await open(weightsPath),
    weightsPath,
    files,
    identity,
    transposed: new Set(options.transpose ?? []),
    config,
    openSibling: async (name) => ((await exists(join(folder, name))) ? open(join(folder, name)) : undefined),
  };
}
