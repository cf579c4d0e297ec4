/**
 * @file From a name to a place: `release/sae_id`, Neuronpedia ids and pasted URLs, `org/repo/path`, pasted Hugging Face URLs. Says where
 * the files are in which repository; whether they are on this machine is `open.ts`'s question.
 */

import { AntipodeError } from '../../errors.ts';
import { shownUrl } from '../../hub/network_failure.ts';
import type { SaeIdentity } from '../sae.ts';
import { nearestNames } from './nearest_names.ts';
import {
  findById,
  findByNeuronpediaId,
  findByPlace,
  type RegisteredSae,
  registeredNames,
  releaseNames,
} from './registry_data.ts';

/** Where an SAE is published. */
export interface SaeAddress {
  readonly repoId: string;
  /** Folder or file inside the repository. */
  readonly path: string;
  /** What to download; empty for an unregistered folder, whose files are not known. */
  readonly files: readonly string[];
  /** Branch, tag or commit, where the URL names one other than `main`. */
  readonly revision?: string;
  /** SAELens's name of the conversion, where registered. */
  readonly loader?: string;
  readonly identity: SaeIdentity;
}

/**
 * @returns undefined where nothing of this name is registered and it is no URL of a known site
 * @throws {AntipodeError} `usage` for a URL that names no SAE, or a release without an SAE id
 */
export function resolveSae(ref: string): SaeAddress | undefined {
  if (/^https?:\/\//i.test(ref)) return resolveUrl(ref);
  const name = ref.replace(/^\/+|\/+$/g, '');
  const [org = '', repo, ...rest] = name.split('/');
  const found =
    findById(org, name.slice(org.length + 1)) ??
    atNeuronpedia(name) ??
    atNeuronpedia(name.replace(/\/\d+$/, ''));
  if (found) return addressOf(found);
  if (org && repo && rest.length > 0) {
    const sae = registeredAt(`${org}/${repo}`, rest.join('/'));
    if (sae) return addressOf(sae);
  }
  const bySource = name.includes('/') ? [] : bySourceName(name);
  if (bySource.length === 1 && bySource[0]) return addressOf(bySource[0]);
  if (bySource.length > 1) {
    const ids = bySource.map((sae) => sae.identity.neuronpediaId).join(', ');
    throw new AntipodeError('usage', `${name}: several models have an SAE of this name (${ids})`, {
      hint: 'name the model too',
    });
  }
  if (releaseNames().includes(name)) {
    throw new AntipodeError('usage', `${name}: is a release of several SAEs, not one SAE`, {
      hint: `antipode sae list ${name}`,
    });
  }
  return undefined;
}

/** @throws {AntipodeError} `missing`, with the nearest registered names */
export function requireSae(ref: string): SaeAddress {
  const address = resolveSae(ref);
  if (address) return address;
  const near = nearestSaes(ref);
  throw new AntipodeError('missing', `${ref}: no file of this name here, and no registered SAE`, {
    hint:
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'antipode sae list shows what is registered',
  });
}

/** Registered ids close to a mistyped one. */
export function nearestSaes(ref: string): string[] {
  return nearestNames(ref, registeredNames());
}

/** The registered SAE at this place, or that this file belongs to. */
export function registeredAt(repoId: string, path: string): RegisteredSae | undefined {
  const parts = path.split('/');
  for (let length = parts.length; length > 0; length--) {
    const sae = findByPlace(repoId, parts.slice(0, length).join('/'));
    if (sae) return sae;
  }
  return undefined;
}

function atNeuronpedia(wanted: string): RegisteredSae | undefined {
  return findByNeuronpediaId((id) => id === wanted)[0];
}

function bySourceName(source: string): RegisteredSae[] {
  return findByNeuronpediaId((id) => id.endsWith(`/${source}`));
}

function addressOf(sae: RegisteredSae): SaeAddress {
  const { repoId, path, files, loader, identity } = sae;
  return { repoId, path, files, loader, identity };
}

function resolveUrl(ref: string): SaeAddress | undefined {
  let url: URL;
  try {
    url = new URL(ref);
  } catch (cause) {
    throw new AntipodeError('usage', `${shownUrl(ref)}: not a URL`, { cause });
  }
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  if (/(^|\.)neuronpedia\.org$/.test(url.hostname)) return resolveNeuronpedia(ref, parts);
  if (/(^|\.)(huggingface\.co|hf\.co)$/.test(url.hostname)) return resolveHuggingFace(ref, parts);
  throw new AntipodeError('usage', `${shownUrl(ref)}: neither a Neuronpedia nor a Hugging Face URL`, {
    hint: 'download the file and give its path',
  });
}

/** A malformed escape stands for itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function resolveNeuronpedia(ref: string, parts: readonly string[]): SaeAddress | undefined {
  const [model, source] = parts[0] === 'api' ? parts.slice(2) : parts;
  if (!model || !source) {
    throw new AntipodeError(
      'usage',
      `${ref}: names no SAE (expected https://www.neuronpedia.org/MODEL/SOURCE)`,
    );
  }
  const sae = atNeuronpedia(`${model}/${source}`);
  return sae && addressOf(sae);
}

function resolveHuggingFace(ref: string, parts: readonly string[]): SaeAddress {
  const [org, repo, kind, revision, ...rest] = parts;
  const isFile = kind !== undefined && ['resolve', 'blob', 'tree', 'raw'].includes(kind);
  if (!org || !repo || !isFile || !revision || rest.length === 0) {
    throw new AntipodeError(
      'usage',
      `${ref}: names no SAE (expected https://huggingface.co/ORG/REPO/tree/REVISION/FOLDER or …/resolve/REVISION/FILE)`,
      org && repo && kind === undefined
        ? { hint: `a model is named without the address: ${org}/${repo}` }
        : {},
    );
  }
  const repoId = `${org}/${repo}`;
  const path = rest.join('/');
  const pinned = revision === 'main' ? {} : { revision };
  const sae = registeredAt(repoId, path);
  if (sae) return { ...addressOf(sae), ...pinned };
  const isWeights = /\.(npz|safetensors|pt|pth|bin)$/.test(path);
  return {
    repoId,
    path,
    files: isWeights ? [path] : [],
    ...pinned,
    identity: { label: unregisteredLabel(rest), isSynthetic: false },
  };
}

/** The last folder, or a file's stem where it lies at the root. */
function unregisteredLabel(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  const isFile = /\.(npz|safetensors|pt|pth|bin|json)$/.test(last);
  if (!isFile) return last;
  return parts.at(-2) ?? last.replace(/\.\w+$/, '');
}
