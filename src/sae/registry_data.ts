/** @file The registry of published SAEs as data: `data/sae_releases.json`, read when first asked for (4,240 entries, 0.4 MB, 10 ms). */

import { readFileSync } from 'node:fs';
import { identityOf } from './registry_identity.ts';
import type { SaeIdentity } from './sae.ts';

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

export interface Registry {
  /** One per distinct set of weights, in the file's order. */
  readonly saes: readonly RegisteredSae[];
  /** By `release/sae_id`, aliases included. */
  readonly byId: ReadonlyMap<string, RegisteredSae>;
  readonly byNeuronpediaId: ReadonlyMap<string, RegisteredSae>;
  /** By `repo_id/path`. */
  readonly byPlace: ReadonlyMap<string, RegisteredSae>;
  readonly releases: ReadonlySet<string>;
  readonly repoIds: ReadonlySet<string>;
}

/** id, path (null: equals the id), Neuronpedia id, mean L0. */
type Entry = readonly [string, (string | null)?, (string | null)?, (number | null)?];

interface Release {
  readonly repo: string;
  readonly model: string;
  readonly loader: string;
  readonly saes: readonly Entry[];
}

let registry: Registry | undefined;

export function loadRegistry(): Registry {
  if (registry) return registry;
  const url = new URL('../../data/sae_releases.json', import.meta.url);
  const { releases } = JSON.parse(readFileSync(url, 'utf8')) as { releases: Record<string, Release> };
  registry = index(releases);
  return registry;
}

interface Row {
  readonly release: string;
  readonly saeId: string;
  readonly path: string;
  readonly of: Release;
  readonly neuronpediaId: string | undefined;
  readonly l0: number | undefined;
}

function index(releases: Record<string, Release>): Registry {
  const rowsByPlace = new Map<string, Row[]>();
  for (const [release, of] of Object.entries(releases)) {
    for (const [saeId, path, neuronpediaId, l0] of of.saes) {
      const row: Row = {
        release,
        saeId,
        path: path ?? saeId,
        of,
        neuronpediaId: neuronpediaId ?? undefined,
        l0: l0 ?? undefined,
      };
      const place = `${of.repo}/${row.path}`;
      rowsByPlace.set(place, [...(rowsByPlace.get(place) ?? []), row]);
    }
  }
  const byPlace = new Map([...rowsByPlace].map(([place, rows]) => [place, merge(rows)]));
  const saes = [...byPlace.values()];
  const named = saes.flatMap((sae) =>
    [`${sae.release}/${sae.saeId}`, ...sae.aliases].map((id) => [id, sae] as const),
  );
  const onNeuronpedia = saes.flatMap((sae) => sae.neuronpediaIds.map((id) => [id, sae] as const));
  return {
    saes,
    byId: new Map(named),
    byNeuronpediaId: new Map(onNeuronpedia),
    byPlace,
    releases: new Set(Object.keys(releases)),
    repoIds: new Set(saes.map((sae) => sae.repoId)),
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
