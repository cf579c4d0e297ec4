/**
 * @file Sizes of published files, `data/published_files.json`, for who cannot ask their hub: the article's SAEs and its model. Each with what the number
 * rests on; what nobody wrote down has none. Leaves out everything that a hub says itself.
 */

import { readFileSync } from 'node:fs';

export interface PublishedFile {
  /** Inside the repository. */
  readonly path: string;
  /** How many, where the path stands for several. */
  readonly files?: number;
  /** Of all of them; null where unknown. */
  readonly bytes: number | null;
  readonly basis?: string;
}

export interface PublishedRepository {
  readonly files: readonly PublishedFile[];
  /** Of a language model. */
  readonly parameters?: number;
  /** By the folder of each SAE. */
  readonly saes?: Readonly<Record<string, { readonly d_sae: number; readonly d_in: number }>>;
}

let repositories: Readonly<Record<string, PublishedRepository>> | undefined;

/** Undefined for a repository whose sizes do not ship. */
export function publishedRepository(repoId: string): PublishedRepository | undefined {
  if (!repositories) {
    const url = new URL('../../data/published_files.json', import.meta.url);
    const file = JSON.parse(readFileSync(url, 'utf8')) as {
      repositories: Record<string, PublishedRepository>;
    };
    repositories = file.repositories;
  }
  return Object.hasOwn(repositories, repoId) ? repositories[repoId] : undefined;
}
