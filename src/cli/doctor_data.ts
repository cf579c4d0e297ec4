/** @file What `antipode doctor` says about data: room on the disks, the token, and which models and SAEs are here. */

import { AntipodeError } from '../errors.ts';
import { nearestFolder } from '../formats/make_folder.ts';
import { antipodeCacheDir, type Env, hfHubCacheDir } from '../hub/cache_dirs.ts';
import { freeDiskSpace } from '../hub/disk_space.ts';
import { listHfRepos } from '../hub/hf_cache_store.ts';
import { hfEndpoint, hfToken, isOffline } from '../hub/hf_env.ts';
import { datasetsBase } from '../hub/neuronpedia_export.ts';
import { findModel, parseModelName } from '../lm/fetch_model.ts';
import { plural } from '../report/display.ts';
import type { CliContext } from './context.ts';
import type { Finding } from './doctor_command.ts';
import { formatBytes } from './output.ts';
import { listSaes } from './sae_listing.ts';

const SHOWN = 5;

export async function examineData({ env }: CliContext): Promise<Finding[]> {
  const repos = await listHfRepos(env);
  const bytes = repos.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const models: string[] = [];
  for (const { repoId } of repos) {
    if (parseModelName(repoId) && (await findModel(env, { repoId })) !== undefined) models.push(repoId);
  }
  const saes = (await listSaes(env, [], true)).filter(({ sae }) => sae.files.length > 0);
  return [
    fact(
      'hugging face files',
      `${plural(repos.length, 'repository', 'repositories')}, ${formatBytes(bytes)}`,
    ),
    fact('disk', await freeSpace(env)),
    fact('models at hand', listed(models)),
    fact(
      'saes at hand',
      listed(saes.map(({ sae }) => sae.identity.neuronpediaId ?? `${sae.release}/${sae.saeId}`)),
    ),
    await server('hub', () => hfEndpoint(env)),
    await server('neuronpedia', () => datasetsBase(env)),
    // Never the token itself.
    await server('token', async () => ((await hfToken(env)) === undefined ? 'none' : 'given')),
    fact('offline mode', isOffline(env) ? 'on (HF_HUB_OFFLINE)' : 'off'),
  ];
}

function fact(name: string, value: string): Finding {
  return { name, value, ok: true };
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  return names.slice(0, SHOWN).join(', ') + more;
}

/** Of both caches, which may lie on two disks. */
async function freeSpace(env: Env): Promise<string> {
  const free: string[] = [];
  for (const folder of [antipodeCacheDir(env), hfHubCacheDir(env)]) {
    const bytes = await nearestFolder(folder).then(
      ({ at }) => freeDiskSpace(at),
      () => undefined,
    );
    free.push(bytes === undefined ? 'not known' : `${formatBytes(bytes)} free`);
  }
  const [own, shared] = free;
  return own === shared ? `${own}` : `${own} for antipode, ${shared} for the Hugging Face cache`;
}

/** A setting that cannot be read is broken. */
async function server(name: string, read: () => string | Promise<string>): Promise<Finding> {
  try {
    return fact(name, await read());
  } catch (error) {
    if (error instanceof AntipodeError) return { name, value: error.message, ok: false };
    throw error;
  }
}
