/**
 * @file The registry of published SAEs as data: `data/sae_releases.json`, read when first asked for (4,240 entries, 0.4 MB, 5 ms). Look-ups
 * scan it: building an index of everything took 90 ms, which every command would pay.
 */

import { readFileSync } from 'node:fs';
import type { SaeIdentity } from '../sae.ts';
import { identityOf } from './registry_identity.ts';

export interface RegisteredSae {
  readonly release: string;
  readonly saeId: string;
  /** `release/sae_id` of other entries for the same weights, such as `gemma-scope-2b-pt-res-canonical/layer_20/width_16k/canonical`. */
  readonly aliases: readonly string[];
  readonly repoId: string;
  /** Folder, or for two loaders the file, inside the repository. */
  readonly path: string;
  /** SAELens's name of the conversion. */
  readonly loader: string;
  /** Files inside the repository that loading needs, the weights last. */
  readonly files: readonly string[];
  /** All that lead here: the identity's first, then pages made under other names (`…__l0-114`). */
  readonly neuronpediaIds: readonly string[];
  /** Mean number of active features per token, where published. */
  readonly l0?: number;
  readonly identity: SaeIdentity;
}

/** id, path (null: equals the id), Neuronpedia id, mean L0. */
type Entry = readonly [string, (string | null)?, (string | null)?, (number | null)?];

interface Release {
  readonly repo: string;
  readonly model: string;
  readonly loader: string;
  readonly saes: readonly Entry[];
}

let releases: ReadonlyMap<string, Release> | undefined;

function loadReleases(): ReadonlyMap<string, Release> {
  if (releases) return releases;
  const url = new URL('../../../data/sae_releases.json', import.meta.url);
  const parsed = JSON.parse(readFileSync(url, 'utf8')) as { releases: Record<string, Release> };
  releases = new Map(Object.entries(parsed.releases));
  return releases;
}

export function releaseNames(): string[] {
  return [...loadReleases().keys()];
}

/** Each repository once. */
export function repositoryIds(): string[] {
  return [...new Set([...loadReleases().values()].map(({ repo }) => repo))];
}

/** The SAE at exactly this path of a repository. */
export function findByPlace(repoId: string, path: string): RegisteredSae | undefined {
  const rows: Row[] = [];
  for (const [release, of] of loadReleases()) {
    if (of.repo !== repoId) continue;
    for (const entry of of.saes) if ((entry[1] ?? entry[0]) === path) rows.push(rowOf(release, of, entry));
  }
  return rows.length > 0 ? merge(rows) : undefined;
}

/** By SAELens's names. */
export function findById(release: string, saeId: string): RegisteredSae | undefined {
  const of = loadReleases().get(release);
  const entry = of?.saes.find(([id]) => id === saeId);
  return of && entry && findByPlace(of.repo, entry[1] ?? entry[0]);
}

/** All whose Neuronpedia id passes, in the file's order. */
export function findByNeuronpediaId(test: (id: string) => boolean): RegisteredSae[] {
  const found = new Map<string, RegisteredSae | undefined>();
  for (const { repo, saes } of loadReleases().values()) {
    for (const [id, path, neuronpediaId] of saes) {
      if (!neuronpediaId || !test(neuronpediaId)) continue;
      const place = path ?? id;
      found.set(`${repo}/${place}`, findByPlace(repo, place));
    }
  }
  return [...found.values()].filter((sae) => sae !== undefined);
}

/** Every name that `resolveSae` knows: Neuronpedia ids, then `release/sae_id`. */
export function registeredNames(): string[] {
  const ids: string[] = [];
  const pages: string[] = [];
  for (const [release, { saes }] of loadReleases()) {
    for (const [id, , neuronpediaId] of saes) {
      ids.push(`${release}/${id}`);
      if (neuronpediaId) pages.push(neuronpediaId);
    }
  }
  return [...pages, ...ids];
}

/** One per distinct set of weights, in the file's order. */
export function allRegisteredSaes(): RegisteredSae[] {
  const byPlace = new Map<string, Row[]>();
  for (const [release, of] of loadReleases()) {
    for (const entry of of.saes) {
      const row = rowOf(release, of, entry);
      const place = `${of.repo}/${row.path}`;
      const rows = byPlace.get(place);
      if (rows) rows.push(row);
      else byPlace.set(place, [row]);
    }
  }
  return [...byPlace.values()].map(merge);
}

interface Row {
  readonly release: string;
  readonly saeId: string;
  readonly path: string;
  readonly of: Release;
  readonly neuronpediaId: string | undefined;
  readonly l0: number | undefined;
}

function rowOf(release: string, of: Release, [saeId, path, neuronpediaId, l0]: Entry): Row {
  return {
    release,
    saeId,
    path: path ?? saeId,
    of,
    neuronpediaId: neuronpediaId ?? undefined,
    l0: l0 ?? undefined,
  };
}

/** Entries for the same weights become one; the one whose id is its path names it, because `canonical` may move. */
function merge(rows: readonly Row[]): RegisteredSae {
  const main = rows.find((row) => row.saeId === row.path) ?? rows[0];
  if (!main) throw new Error('internal: an empty registry entry');
  const { release, saeId, path, of } = main;
  const l0 = rows.find((row) => row.l0 !== undefined)?.l0;
  // The canonical entry's page is the one that Neuronpedia links to.
  const neuronpediaIds = [...rows.filter((row) => row !== main), main].flatMap(
    (row) => row.neuronpediaId ?? [],
  );
  return {
    release,
    saeId,
    aliases: rows.filter((row) => row !== main).map((row) => `${row.release}/${row.saeId}`),
    repoId: of.repo,
    path,
    loader: of.loader,
    files: filesOf(of.loader, path),
    neuronpediaIds,
    ...(l0 !== undefined && { l0 }),
    identity: identityOf({
      release,
      saeId,
      repoId: of.repo,
      modelName: of.model,
      neuronpediaId: neuronpediaIds[0],
    }),
  };
}

/** What `hf download` must fetch. */
function filesOf(loader: string, path: string): readonly string[] {
  const inside = (...names: readonly string[]): string[] => names.map((name) => `${path}/${name}`);
  switch (loader) {
    case 'gemma_2':
      return inside('params.npz');
    case 'llama_scope':
      return inside('hyperparams.json', 'checkpoints/final.safetensors');
    case 'llama_scope_r1_distill':
      return inside('config.json', 'sae_weights.safetensors');
    case 'dictionary_learning_1':
      return inside('config.json', 'ae.pt');
    case 'connor_rob_hook_z':
      return [path.replace(/\.pt$/, '_cfg.json'), path];
    case 'deepseek_r1':
      return [path];
    default:
      return inside('cfg.json', 'sae_weights.safetensors');
  }
}
