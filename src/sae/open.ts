/**
 * @file Opens what a user named: a local file or folder, a registered id or pasted URL, `ID=PATH` (this file is that SAE), or an SAE of the embedded default.
 * A path that exists wins over every other reading. Published files come from the Hugging Face cache, and into it where the caller gives a way.
 */

import { stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { openTensorFile, openTensorSource } from '../formats/detect.ts';
import type { TensorFile } from '../formats/tensor_file.ts';
import { repoIdOfFolder } from '../hub/hf_cache.ts';
import type { RemoteSource } from '../hub/remote_source.ts';
import type { SaeLayout } from './layout.ts';
import { type JsonConfig, readConfig } from './loaders/json_config.ts';
import { layoutOf } from './loaders/loaders.ts';
import { parseTensorMap, type TensorMap } from './loaders/tensor_map.ts';
import { type Located, type LocateOptions, locateSae } from './locate_sae.ts';
import { registeredAt } from './registry/registry.ts';
import { repositoryIds } from './registry/registry_data.ts';
import type { SaeFile, SaeFileFact, SaeIdentity, Space } from './sae.ts';
import { exists, findWeights, labelOf, type MatrixName, type SaeSource } from './sae_source.ts';
import { openLayout } from './weights/open_layout.ts';
import { storageOf } from './weights/storage_blocks.ts';

export interface OpenSaeOptions extends LocateOptions {
  /** `W_enc=encoder_weights` and so on, for files of an unknown layout. */
  readonly map?: readonly string[] | undefined;
  /** Matrices that the file stores transposed against its format. */
  readonly transpose?: readonly MatrixName[] | undefined;
  /** A loader's name instead of detection. */
  readonly format?: string | undefined;
  /** Who it is, instead of what the path or the registry says. */
  readonly as?: SaeIdentity | undefined;
  /**
   * Only single directions of these spaces are wanted: weights that are not here stay on their server, if they lie there so that a feature is one piece;
   * else they are fetched.
   */
  readonly rowsOf?: readonly Space[] | undefined;
}

/**
 * Reads headers and configurations; weights are read when asked for. The caller closes it.
 * @throws {AntipodeError} `missing` with the command that fetches it, `usage` for a reference or mapping that makes no sense, `format`
 * for files that are damaged or contradict themselves, and as `HubFiles`
 */
export async function openSae(ref: string, options: OpenSaeOptions): Promise<SaeFile> {
  const map = options.map && options.map.length > 0 ? parseTensorMap(options.map) : undefined;
  const withMap = { ...options, parsedMap: map };
  const located = await locateSae(ref, options, options.rowsOf !== undefined);
  if (!located.remote) return openLocated(located, withMap);
  const file = await openLocated(located, withMap);
  if (file.isRowWise(options.rowsOf ?? [])) return file;
  await file.close();
  return openLocated(await locateSae(ref, options), withMap);
}

async function openLocated(located: Located, options: WeightOptions): Promise<OpenedSae> {
  const { identity, path, publishedPath, remote } = located;
  const weightsPath = remote ? path : await findWeights(path);
  const known = options.as ?? identity ?? identityOfPath(publishedPath ?? weightsPath);
  return openWeights(weightsPath, known, { ...options, remote });
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
  readonly remote?: RemoteSource | undefined;
}

interface OpenedSae extends SaeFile {
  /** Does a direction of these spaces cost its own bytes alone? */
  isRowWise(spaces: readonly Space[]): boolean;
}

async function openWeights(path: string, identity: SaeIdentity, options: WeightOptions): Promise<OpenedSae> {
  const opened: TensorFile[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((file) => file.close()));
  };
  try {
    const source = await describeSource(path, identity, options, opened);
    const layout = await layoutOf(source, { format: options.format, map: options.parsedMap });
    const file = namingPath(openLayout(layout, close), path);
    return { ...file, isRowWise: (spaces) => spaces.every((space) => isRowWise(layout, space)) };
  } catch (error) {
    await close();
    throw withPath(error, path);
  }
}

function isRowWise({ W_dec, W_enc }: SaeLayout, space: Space): boolean {
  const { featuresAreRows, tensor } = storageOf(space === 'encoder' ? W_enc : W_dec);
  return featuresAreRows && tensor.isRandomAccess;
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
    const { remote } = path === weightsPath ? options : {};
    const file = await (remote ? openTensorSource(remote) : openTensorFile(path));
    opened.push(file);
    files.push({ path, byteLength: remote?.byteLength ?? (await stat(path)).size });
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
