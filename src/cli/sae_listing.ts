/** @file The registry and the embedded default, filtered by words, each SAE with whether its weights are in the Hugging Face cache of this machine. */

import { existsSync } from 'node:fs';
import type { Env } from '../hub/cache_dirs.ts';
import { EMBEDDED_SAES, type EmbeddedSae } from '../hub/embedded_default.ts';
import { findInHfCache, hfRepoFolder } from '../hub/hf_cache.ts';
import { embeddedIdentity } from '../sae/locate_sae.ts';
import { allRegisteredSaes, type RegisteredSae } from '../sae/registry/registry_data.ts';

export interface ListedSae {
  readonly sae: RegisteredSae;
  /** All files that loading needs are there. */
  readonly isCached: boolean;
}

/** @param words all must occur, in any case, in the ids, the Neuronpedia id, the model or the repository */
export async function listSaes(
  env: Env,
  words: readonly string[],
  onlyCached: boolean,
): Promise<ListedSae[]> {
  const wanted = words.flatMap((word) => word.toLowerCase().split(/\s+/)).filter((word) => word !== '');
  const matching = [...EMBEDDED_SAES.map(embeddedEntry), ...allRegisteredSaes()].filter((sae) => {
    const text = searchText(sae);
    return wanted.every((word) => text.includes(word));
  });
  const present = new Map<string, boolean>();
  const listed: ListedSae[] = [];
  for (const sae of matching) {
    if (sae.repoId === EMBEDDED_REPO) {
      listed.push({ sae, isCached: true });
      continue;
    }
    const hasRepo = present.get(sae.repoId) ?? existsSync(hfRepoFolder(env, sae.repoId));
    present.set(sae.repoId, hasRepo);
    const isCached = hasRepo && (await isInCache(env, sae));
    if (isCached || !onlyCached) listed.push({ sae, isCached });
  }
  return listed;
}

/** What stands for a repository where the weights ship with antipode. */
const EMBEDDED_REPO = 'antipode';

function embeddedEntry(sae: EmbeddedSae): RegisteredSae {
  const [release = '', saeId = ''] = sae.id.split('/');
  return {
    release,
    saeId,
    aliases: [],
    repoId: EMBEDDED_REPO,
    path: sae.weights,
    loader: 'gemma-scope',
    files: [],
    neuronpediaIds: [],
    identity: embeddedIdentity(sae),
  };
}

function searchText({ release, saeId, aliases, neuronpediaIds, identity, repoId }: RegisteredSae): string {
  const { modelName = '' } = identity;
  return [`${release}/${saeId}`, ...aliases, ...neuronpediaIds, modelName, repoId].join(' ').toLowerCase();
}

async function isInCache(env: Env, { repoId, files }: RegisteredSae): Promise<boolean> {
  for (const path of files) if ((await findInHfCache(env, { repoId, path })) === undefined) return false;
  return true;
}
