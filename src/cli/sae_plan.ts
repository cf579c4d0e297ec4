/** @file What a dry run says about one SAE: whether it is here, its size, and what to do where it is not. */

import { stat } from 'node:fs/promises';
import { AntipodeError } from '../errors.ts';
import type { SaeHeader } from '../sae/sae.ts';
import { SYNTHETIC_BYTES, SYNTHETIC_ID, SYNTHETIC_SIZE, syntheticFiles } from '../sae/synthetic_file.ts';
import { pairCount } from '../search/tiles.ts';
import type { CliContext } from './context.ts';
import { openGivenSae } from './open_named_sae.ts';
import { formatBytes, visible } from './output.ts';
import type { SaeFlags } from './sae_options.ts';

export interface SaePlan {
  readonly sae: string;
  readonly state: 'here' | 'to be made' | 'missing';
  /** Bytes to read, or to write when it has to be made; null where nobody knows before asking the server. */
  readonly bytes: number | null;
  /** Why it is missing and what to do. */
  readonly problem: string | null;
  readonly next: string | null;
  readonly features: number | null;
  readonly d_in: number | null;
  readonly all_pairs: number | null;
}

/** Where the dictionary is missing, that is the answer and no error. @throws {AntipodeError} for one that is damaged or makes no sense */
export async function planSae(context: CliContext, flags: SaeFlags, ref: string): Promise<SaePlan> {
  const base = { sae: ref, problem: null, next: null };
  if (ref === SYNTHETIC_ID) {
    const isMade = await stat(syntheticFiles(context.env).weights).then(
      () => true,
      () => false,
    );
    return {
      ...base,
      state: isMade ? 'here' : 'to be made',
      bytes: SYNTHETIC_BYTES,
      ...sizesOf(SYNTHETIC_SIZE),
    };
  }
  try {
    const sae = await openGivenSae(context, flags, ref);
    const header: SaeHeader = sae.header;
    await sae.close();
    const bytes = header.files.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { ...base, state: 'here', bytes, ...sizesOf(header) };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    return {
      sae: ref,
      state: 'missing',
      bytes: null,
      problem: error.message,
      next: error.hint ?? null,
      features: null,
      d_in: null,
      all_pairs: null,
    };
  }
}

function sizesOf({
  dIn,
  dSae,
}: Pick<SaeHeader, 'dIn' | 'dSae'>): Pick<SaePlan, 'features' | 'd_in' | 'all_pairs'> {
  return { features: dSae, d_in: dIn, all_pairs: pairCount(dSae, undefined) };
}

/** One line for people. */
export function saeSentence({ sae, state, bytes, problem, next }: SaePlan): string {
  const size = bytes === null ? '' : ` (${formatBytes(bytes)})`;
  if (state === 'here') return `read ${visible(sae)}${size}`;
  if (state === 'to be made') return `make ${visible(sae)} in the cache${size}, then read it`;
  return `missing: ${visible(problem ?? sae)}${next === null ? '' : `; next: ${visible(next)}`}`;
}
