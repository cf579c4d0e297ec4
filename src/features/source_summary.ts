/** @file How much is known of each source: of those imported, and of those of the embedded default that ship with antipode. Leaves out what it is. */

import type { Env } from '../hub/cache_dirs.ts';
import { EMBEDDED_SAES } from '../hub/embedded_default.ts';
import { countExplainers, type ExplainerCount, newestDate } from './feature_data.ts';
import { listFeatureStores, type StoreEntry } from './feature_store.ts';
import { readExports } from './read_exports.ts';
import type { ExportDate } from './store_manifest.ts';

export interface SourceSummary {
  /** `gemma-2-2b/20-gemmascope-res-16k`. */
  readonly id: string;
  readonly dir: string;
  /** Features with at least one explanation. */
  readonly explained: number;
  readonly explanations: number;
  /** Features whose firing facts are known. */
  readonly features: number;
  readonly exported: ExportDate | undefined;
  readonly explainers: readonly ExplainerCount[];
  /** Ships with antipode; else it was imported. */
  readonly isEmbedded: boolean;
}

export interface KnownSources {
  /** By id. */
  readonly imported: readonly SourceSummary[];
  /** Those that no import stands in front of. */
  readonly embedded: readonly SourceSummary[];
  /** A sentence per imported source that cannot be read. */
  readonly damaged: readonly string[];
}

export function storedSummary({ id, dir, manifest }: StoreEntry): SourceSummary {
  const { explained, explainers, exported, tables } = manifest;
  return {
    id,
    dir,
    explained,
    explanations: tables.explanations?.rows ?? 0,
    features: tables.features?.rows ?? 0,
    exported,
    explainers,
    isEmbedded: false,
  };
}

/** @throws {AntipodeError} where what ships with antipode is damaged */
export async function knownSources(env: Env): Promise<KnownSources> {
  const { stores, damaged } = await listFeatureStores(env);
  const imported = stores.map(storedSummary);
  const others = EMBEDDED_SAES.filter(({ id }) => imported.every((source) => source.id !== id));
  const embedded: SourceSummary[] = [];
  for (const { explanations } of others) embedded.push(...(await exportedSummaries(explanations)));
  return { imported, embedded, damaged };
}

async function exportedSummaries(dir: string): Promise<SourceSummary[]> {
  const { sources } = await readExports([dir], { cwd: '/' });
  return sources.map(({ data }) => {
    const date = newestDate(data);
    return {
      id: `${data.modelId}/${data.sourceId}`,
      dir,
      explained: new Set(data.explanations.map(({ feature }) => feature)).size,
      explanations: data.explanations.length,
      features: data.features.length,
      exported: date === undefined ? undefined : { date, from: 'row' },
      explainers: countExplainers(data.explanations),
      isEmbedded: true,
    };
  });
}
