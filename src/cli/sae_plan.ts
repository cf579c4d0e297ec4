/** @file What a dry run says about one SAE: whether it is here, its size, and what would be fetched where it is not. */

import { stat } from 'node:fs/promises';
import { AntipodeError } from '../errors.ts';
import type { HubFiles } from '../hub/fetch_wanted.ts';
import { hfPlaceOf } from '../hub/hf_cache.ts';
import { isOffline } from '../hub/hf_env.ts';
import { publishedRepository } from '../hub/published_files.ts';
import { addressOf, filesToFetch, lookIfThere, webAddress } from '../sae/locate_sae.ts';
import type { SaeAddress } from '../sae/registry/registry.ts';
import type { SaeHeader } from '../sae/sae.ts';
import { SYNTHETIC_BYTES, SYNTHETIC_ID, SYNTHETIC_SIZE, syntheticFiles } from '../sae/synthetic_file.ts';
import { pairCount } from '../search/tiles.ts';
import type { CliContext } from './context.ts';
import { networkHub } from './hub_access.ts';
import { openGivenSae } from './open_named_sae.ts';
import { formatBytes, visible } from './output.ts';
import { type PlannedFile, planExplanations, tabledFiles } from './planned_files.ts';
import type { SaeFlags } from './sae_options.ts';

export interface SaePlan {
  readonly sae: string;
  readonly state: 'here' | 'to be made' | 'to be fetched' | 'missing';
  /** Bytes to read, to write when it has to be made, or to fetch; null where nobody knows. */
  readonly bytes: number | null;
  /** Of explanations that would be fetched with it; null where none would, or nobody knows. */
  readonly explanation_bytes: number | null;
  /** What of it is not on this machine, explanations too; empty for a file of somebody's own that is missing. */
  readonly files: readonly PlannedFile[];
  /** Why it is missing and what to do. */
  readonly problem: string | null;
  readonly next: string | null;
  readonly features: number | null;
  readonly d_in: number | null;
  readonly all_pairs: number | null;
}

export interface PlannedSae {
  readonly ref: string;
  /** Its explanations are named, and nothing is fetched for it. */
  readonly isExplained?: boolean;
}

/** Where the dictionary is missing, that is the answer and no error. @throws {AntipodeError} for one that is damaged or makes no sense */
export async function planSae(
  context: CliContext,
  flags: SaeFlags,
  named: string | PlannedSae,
): Promise<SaePlan> {
  const { ref, isExplained = false } = typeof named === 'string' ? { ref: named } : named;
  const base = { sae: ref, problem: null, next: null, explanation_bytes: null, files: [] };
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
    // Of SAEs that came from the hub, and nobody's own files.
    const isPublished = hfPlaceOf(header.files[0]?.path ?? '') !== undefined;
    const files =
      isPublished && !isExplained ? await planExplanations(context, header.identity.neuronpediaId) : [];
    return {
      ...base,
      state: 'here',
      bytes,
      explanation_bytes: knownSum(files),
      files,
      ...sizesOf(header),
    };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    return planFetch(context, flags, { ref, missing: error, isExplained });
  }
}

interface MissingSae {
  readonly ref: string;
  readonly missing: AntipodeError;
  readonly isExplained: boolean;
}

/** What the hub says of it; where it says nothing, that is what is missing, and what ships about it stands in. */
async function planFetch(
  context: CliContext,
  { revision }: SaeFlags,
  { ref, missing, isExplained }: MissingSae,
): Promise<SaePlan> {
  const unknown = {
    sae: ref,
    bytes: null,
    explanation_bytes: null,
    files: [],
    features: null,
    d_in: null,
    all_pairs: null,
  };
  const { env } = context;
  let tabled: Partial<SaePlan> = {};
  const because = ({ hint, message }: AntipodeError): SaePlan => ({
    ...unknown,
    ...tabled,
    state: 'missing',
    problem: message,
    next: hint ?? null,
  });
  try {
    if (/^[./~]/.test(ref)) return because(missing);
    const url = webAddress(ref, env);
    if (url !== undefined) {
      if (isOffline(env)) return because(missing);
      const bytes = (await networkHub(context).openUrl(url))?.byteLength ?? null;
      const { host, pathname } = new URL(url);
      const file: PlannedFile = {
        repository: host,
        path: pathname,
        files: 1,
        bytes,
        known_by: bytes === null ? null : 'server',
      };
      return { ...unknown, state: 'to be fetched', problem: null, next: null, bytes, files: [file] };
    }
    const address = addressOf(ref, { env, revision });
    const explanations = isExplained ? [] : await planExplanations(context, address.identity.neuronpediaId);
    tabled = fromTable(address, explanations);
    if (isOffline(env)) return because(missing);
    const weights = await weightsToFetch(networkHub(context), address);
    return {
      ...unknown,
      ...tabled,
      state: 'to be fetched',
      problem: null,
      next: null,
      bytes: knownSum(weights),
      explanation_bytes: knownSum(explanations),
      files: [...weights, ...explanations],
    };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
    // What the hub says is not there would not be fetched.
    if (error.kind === 'missing') tabled = {};
    return because(error);
  }
}

/** What ships about a published SAE: sizes of the article's, and of others the names of their files. */
function fromTable(
  { files, path, repoId }: SaeAddress,
  explanations: readonly PlannedFile[],
): Partial<SaePlan> {
  const tabled = tabledFiles(repoId, path);
  const weights =
    tabled.length > 0
      ? tabled
      : files.map((file) => ({ repository: repoId, path: file, files: 1, bytes: null, known_by: null }));
  const size = publishedRepository(repoId)?.saes?.[path];
  return {
    bytes: knownSum(weights),
    explanation_bytes: knownSum(explanations),
    files: [...weights, ...explanations],
    ...(size && sizesOf({ dIn: size.d_in, dSae: size.d_sae })),
  };
}

async function weightsToFetch(hub: HubFiles, address: SaeAddress): Promise<PlannedFile[]> {
  const { repoId, revision } = address;
  const found: PlannedFile[] = [];
  for (const path of await filesToFetch(address, hub)) {
    const facts = await lookIfThere(hub, { repoId, path, revision }, path.endsWith('.json'));
    if (!facts || facts.isHere) continue;
    const bytes = facts.byteLength ?? null;
    found.push({ repository: repoId, path, files: 1, bytes, known_by: bytes === null ? null : 'server' });
  }
  return found;
}

/** Null where there are none, or one is of unknown size. */
function knownSum(files: readonly PlannedFile[]): number | null {
  if (files.length === 0 || files.some(({ bytes }) => bytes === null)) return null;
  return files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

function sizesOf({
  dIn,
  dSae,
}: Pick<SaeHeader, 'dIn' | 'dSae'>): Pick<SaePlan, 'features' | 'd_in' | 'all_pairs'> {
  return { features: dSae, d_in: dIn, all_pairs: pairCount(dSae, undefined) };
}

/** A network that is not there fails alike for all that is wanted: what for is said with it. */
export function missingSentence(name: string, { next, problem }: Pick<SaePlan, 'next' | 'problem'>): string {
  const about = problem === null || problem.includes(name) ? (problem ?? name) : `${name}: ${problem}`;
  return `missing: ${visible(about)}${next === null ? '' : `; next: ${visible(next)}`}`;
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
  return missingSentence(sae, { problem, next });
}
