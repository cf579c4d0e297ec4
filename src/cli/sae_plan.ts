/** @file What a dry run says about one SAE: whether it is here, its size, and what would be fetched where it is not. */

import { stat } from 'node:fs/promises';
import { AntipodeError } from '../errors.ts';
import { parseSourceRef } from '../features/feature_ref.ts';
import { planExport } from '../features/fetch_explanations.ts';
import type { HubFiles } from '../hub/fetch_wanted.ts';
import { isOffline } from '../hub/hf_env.ts';
import { addressOf, filesToFetch, lookIfThere, webAddress } from '../sae/locate_sae.ts';
import type { SaeAddress } from '../sae/registry/registry.ts';
import type { SaeHeader } from '../sae/sae.ts';
import { SYNTHETIC_BYTES, SYNTHETIC_ID, SYNTHETIC_SIZE, syntheticFiles } from '../sae/synthetic_file.ts';
import { pairCount } from '../search/tiles.ts';
import type { CliContext } from './context.ts';
import { exportSourceOf } from './fetch_explanations.ts';
import { httpFor, networkHub } from './hub_access.ts';
import { openGivenSae } from './open_named_sae.ts';
import { formatBytes, visible } from './output.ts';
import type { SaeFlags } from './sae_options.ts';

export interface SaePlan {
  readonly sae: string;
  readonly state: 'here' | 'to be made' | 'to be fetched' | 'missing';
  /** Bytes to read, to write when it has to be made, or to fetch; null where nobody knows. */
  readonly bytes: number | null;
  /** Of explanations that would be fetched with it; null where none would, or nobody knows. */
  readonly explanation_bytes: number | null;
  /** Why it is missing and what to do. */
  readonly problem: string | null;
  readonly next: string | null;
  readonly features: number | null;
  readonly d_in: number | null;
  readonly all_pairs: number | null;
}

/** Where the dictionary is missing, that is the answer and no error. @throws {AntipodeError} for one that is damaged or makes no sense */
export async function planSae(context: CliContext, flags: SaeFlags, ref: string): Promise<SaePlan> {
  const base = { sae: ref, problem: null, next: null, explanation_bytes: null };
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
    return planFetch(context, flags, { ref, missing: error });
  }
}

interface MissingSae {
  readonly ref: string;
  readonly missing: AntipodeError;
}

/** What the hub says of it; where it says nothing, that is what is missing. */
async function planFetch(
  context: CliContext,
  { revision }: SaeFlags,
  { ref, missing }: MissingSae,
): Promise<SaePlan> {
  const unknown = {
    sae: ref,
    bytes: null,
    explanation_bytes: null,
    features: null,
    d_in: null,
    all_pairs: null,
  };
  const because = ({ hint, message }: AntipodeError): SaePlan => ({
    ...unknown,
    state: 'missing',
    problem: message,
    next: hint ?? null,
  });
  try {
    if (/^[./~]/.test(ref) || isOffline(context.env)) return because(missing);
    const url = webAddress(ref, context.env);
    if (url !== undefined) {
      const bytes = (await networkHub(context).openUrl(url))?.byteLength ?? null;
      return { ...unknown, state: 'to be fetched', problem: null, next: null, bytes };
    }
    const address = addressOf(ref, { env: context.env, revision });
    const bytes = await bytesToFetch(networkHub(context), address);
    const explanation_bytes = await explanationBytes(context, address.identity.neuronpediaId);
    return { ...unknown, state: 'to be fetched', problem: null, next: null, bytes, explanation_bytes };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
    return because(error);
  }
}

async function bytesToFetch(hub: HubFiles, address: SaeAddress): Promise<number | null> {
  const { repoId, revision } = address;
  let sum = 0;
  for (const path of await filesToFetch(address, hub)) {
    const facts = await lookIfThere(hub, { repoId, path, revision }, path.endsWith('.json'));
    if (facts && facts.byteLength === undefined) return null;
    sum += facts?.byteLength ?? 0;
  }
  return sum;
}

async function explanationBytes(
  context: CliContext,
  neuronpediaId: string | undefined,
): Promise<number | null> {
  const source = exportSourceOf(parseSourceRef(neuronpediaId ?? ''));
  if (!source) return null;
  const { env, signal } = context;
  try {
    const { missing } = await planExport(source, { env, signal, http: httpFor(context) });
    return missing.reduce((sum, { byteLength = 0 }) => sum + byteLength, 0);
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
    return null;
  }
}

function sizesOf({
  dIn,
  dSae,
}: Pick<SaeHeader, 'dIn' | 'dSae'>): Pick<SaePlan, 'features' | 'd_in' | 'all_pairs'> {
  return { features: dSae, d_in: dIn, all_pairs: pairCount(dSae, undefined) };
}

/** One line for people. */
export function saeSentence({ sae, state, bytes, explanation_bytes, problem, next }: SaePlan): string {
  const size = bytes === null ? '' : ` (${formatBytes(bytes)})`;
  if (state === 'here') return `read ${visible(sae)}${size}`;
  if (state === 'to be fetched') {
    const more =
      explanation_bytes === null ? '' : ` and its explanations (${formatBytes(explanation_bytes)})`;
    return `fetch ${visible(sae)}${size}${more}, then read it`;
  }
  if (state === 'to be made') return `make ${visible(sae)} in the cache${size}, then read it`;
  return `missing: ${visible(problem ?? sae)}${next === null ? '' : `; next: ${visible(next)}`}`;
}
