/** @file Opens an SAE as a command names it: `synthetic-16k` is made in the cache when it is not there, a published one is fetched into it. */

import { resolve } from 'node:path';
import { articleCatalogue, articleCatalogueIds } from '../concepts/article.ts';
import { featuresOf } from '../concepts/concept_set.ts';
import { AntipodeError } from '../errors.ts';
import { type OpenSaeOptions, openSae } from '../sae/open.ts';
import type { SaeFile, SaeIdentity } from '../sae/sae.ts';
import type { MatrixName } from '../sae/sae_source.ts';
import {
  ensureSynthetic,
  SYNTHETIC_ENTRY,
  SYNTHETIC_ID,
  SYNTHETIC_SIZE,
  syntheticFiles,
} from '../sae/synthetic_file.ts';
import type { CliContext } from './context.ts';
import { hubFor } from './hub_access.ts';
import type { SaeFlags } from './sae_options.ts';

/** Where from, and how much of it. */
type SaeAccess = Pick<OpenSaeOptions, 'hub' | 'rowsOf'>;

/** @throws {AntipodeError} as `openSae`; `interrupted` while the dictionary is made */
export async function openNamedSae(
  context: CliContext,
  flags: SaeFlags,
  ref: string,
  access: SaeAccess = { hub: hubFor(context) },
): Promise<SaeFile> {
  if (ref === SYNTHETIC_ID) return openSynthetic(context);
  if (resolve(context.cwd, ref) === syntheticFiles(context.env).weights) return openMade(context);
  return openGivenSae(context, flags, ref, access);
}

/** Without making anything; nothing is fetched without `hub`. */
export function openGivenSae(
  context: CliContext,
  flags: SaeFlags,
  ref: string,
  access: SaeAccess = {},
): Promise<SaeFile> {
  if (ref === '') throw new AntipodeError('usage', 'the SAE’s name is empty', { hint: 'antipode sae list' });
  const { env, cwd } = context;
  const { map, format, revision, transpose } = flags;
  return openSae(ref, { env, cwd, map, format, revision, transpose: transpose?.map(matrixName), ...access });
}

async function openSynthetic(context: CliContext): Promise<SaeFile> {
  const { env, signal } = context;
  const progress = context.out().progress('making the synthetic dictionary', SYNTHETIC_SIZE.dSae);
  const avoid = new Set(articleCatalogueIds().flatMap((id) => featuresOf(articleCatalogue(id)!)));
  await ensureSynthetic({ env, avoid, signal, onProgress: (done) => progress.update(done) });
  progress.end();
  return openMade(context);
}

/** The generated file, also where it is named by its path. */
async function openMade({ env, cwd }: CliContext): Promise<SaeFile> {
  const identity: SaeIdentity = { label: SYNTHETIC_ID, isSynthetic: true };
  const { weights } = syntheticFiles(env);
  try {
    return await openSae(weights, { env, cwd, as: identity });
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'format') throw error;
    const hint = `antipode cache rm ${SYNTHETIC_ENTRY}, then run the same command again: it is made anew`;
    throw new AntipodeError('format', `${weights}: ${error.message}`, { hint, cause: error });
  }
}

function matrixName(value: string): MatrixName {
  if (value === 'W_enc' || value === 'W_dec') return value;
  throw new AntipodeError('usage', `--transpose: got ${JSON.stringify(value)}, expected W_enc or W_dec`);
}
