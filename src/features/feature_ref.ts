/**
 * @file How people name a feature: `20:5444`, `gemma-2-2b/20-gemmascope-res-16k/5444`, `20-gemmascope-res-16k/5444`, a pasted
 * Neuronpedia address, or a bare index where the source is known; and the way back to a Neuronpedia page. The vocabulary (model, source,
 * index) is Neuronpedia's. Leaves out whether such a feature exists.
 */

import { AntipodeError } from '../errors.ts';
import { shownUrl } from '../hub/network_failure.ts';

/** A source is one SAE in Neuronpedia's words, e.g. `20-gemmascope-res-16k` of the model `gemma-2-2b`. */
export interface SourceRef {
  readonly modelId?: string;
  readonly sourceId?: string;
  /** From the number that source ids start with, or as it was given. */
  readonly layer?: number;
}

export interface FeatureRef extends SourceRef {
  readonly index: number;
}

/** The largest index that fits the `int32` columns of the stores; the widest published dictionaries have 2^24 features. */
export const MAX_FEATURE_INDEX: number = 2 ** 31 - 1;

/** Ids become folder names, so they hold no separators and do not start with a dot. All published ids fit. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const INDEX = /^(?:0|[1-9][0-9]{0,9})$/;
const LAYER_AND_INDEX = /^(\d{1,4}):(\d+)$/;
const ADDRESS = /^(?:https?:\/\/)?(?:www\.)?neuronpedia\.org(?::\d+)?(?=[/?#]|$)/i;
const ACCEPTED =
  '20:5444, 20-gemmascope-res-16k/5444, gemma-2-2b/20-gemmascope-res-16k/5444 or a neuronpedia.org address';

export function isNeuronpediaName(text: string): boolean {
  return ID.test(text);
}

/** A plain non-negative decimal number without sign, leading zeros or blanks, at most `MAX_FEATURE_INDEX`; undefined otherwise. */
export function parseIndex(text: string): number | undefined {
  if (!INDEX.test(text)) return undefined;
  const index = Number(text);
  return index <= MAX_FEATURE_INDEX ? index : undefined;
}

/** The number that a source id starts with: 20 for `20-gemmascope-res-16k`; undefined for `e-att-sm`. */
export function layerOf(sourceId: string): number | undefined {
  const digits = /^(\d{1,4})-/.exec(sourceId)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** @param known fills in what a shorter form leaves out; without it a bare index is refused. @throws {AntipodeError} `usage` */
export function parseFeatureRef(text: string, known?: SourceRef): FeatureRef {
  const trimmed = text.trim();
  const layered = LAYER_AND_INDEX.exec(trimmed);
  if (layered) {
    const layer = Number(layered[1]);
    const ref = { layer, index: indexOrThrow(layered[2] ?? '', text) };
    return known?.layer === layer ? { ...known, ...ref } : ref;
  }
  const parts = partsOf(trimmed);
  const last = parts.at(-1) ?? '';
  if (parts.length === 1 && known && INDEX.test(last)) return { ...known, index: indexOrThrow(last, text) };
  if (parts.length < 2 || parts.length > 3 || !parts.slice(0, -1).every(isNeuronpediaName)) {
    throw badRef(text);
  }
  const index = indexOrThrow(last, text);
  const sourceId = parts.at(-2) ?? '';
  const modelId = parts.length === 3 ? parts[0] : known?.sourceId === sourceId ? known.modelId : undefined;
  return { ...sourceRef(sourceId, modelId), index };
}

/**
 * Reads `gemma-2-2b/20-gemmascope-res-16k`, `20-gemmascope-res-16k`, a bare layer `20` or a Neuronpedia address (of a source or of one
 * of its features). Returns undefined for anything else, so that callers may try it as a path.
 */
export function parseSourceRef(text: string): SourceRef | undefined {
  const trimmed = text.trim();
  if (/^\d{1,4}$/.test(trimmed)) return { layer: Number(trimmed) };
  const parts = partsOf(trimmed);
  if (ADDRESS.test(trimmed) && parts.length === 3 && INDEX.test(parts[2] ?? '')) parts.pop();
  if (parts.length < 1 || parts.length > 2 || !parts.every(isNeuronpediaName)) return undefined;
  const [first = '', second] = parts;
  return second === undefined ? sourceRef(first, undefined) : sourceRef(second, first);
}

function sourceRef(sourceId: string, modelId: string | undefined): SourceRef {
  const layer = layerOf(sourceId);
  return {
    ...(modelId === undefined ? {} : { modelId }),
    sourceId,
    ...(layer === undefined ? {} : { layer }),
  };
}

/** The path segments of an id or an address: no scheme, host, query, fragment or slash at the end. */
function partsOf(text: string): string[] {
  const isAddress = ADDRESS.test(text);
  const path = isAddress ? (text.replace(ADDRESS, '').split(/[?#]/)[0] ?? '') : text;
  const parts = path.replace(/\/+$/, '').split('/').map(decoded);
  if (!isAddress) return parts;
  const segments = parts.filter((part) => part !== '');
  if (segments[0] === 'api' && segments[1] === 'feature') segments.splice(0, 2);
  else if (segments[0] === 'embed') segments.shift();
  return segments;
}

/** An escape that is not valid stays as it is, and is refused as a name. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function indexOrThrow(digits: string, text: string): number {
  const index = parseIndex(digits);
  if (index === undefined) throw badRef(text);
  return index;
}

function badRef(text: string): AntipodeError {
  // An address may hold a password or a signature.
  const plain = /^https?:/i.test(text) ? shownUrl(text) : text;
  const shown = plain.length > 120 ? `${plain.slice(0, 120)}…` : plain;
  return new AntipodeError('usage', `feature: not understood (got '${shown}', expected ${ACCEPTED})`, {
    hint: 'antipode features list shows the sources that are here',
  });
}

/** `gemma-2-2b/20-gemmascope-res-16k`, where both parts are known. */
export function neuronpediaIdOf(ref: SourceRef): string | undefined {
  return ref.modelId === undefined || ref.sourceId === undefined
    ? undefined
    : `${ref.modelId}/${ref.sourceId}`;
}

/** The fullest form that the reference allows; `parseFeatureRef` reads each of them (a bare index needs its source). */
export function formatFeatureRef(ref: FeatureRef): string {
  if (ref.sourceId !== undefined) return `${neuronpediaIdOf(ref) ?? ref.sourceId}/${ref.index}`;
  return ref.layer === undefined ? String(ref.index) : `${ref.layer}:${ref.index}`;
}

/** @param neuronpediaId `model/source`; each part is escaped, because ids may come from untrusted files */
export function neuronpediaUrl(neuronpediaId: string, index: number): string {
  const path = neuronpediaId.split('/').map(encodeURIComponent).join('/');
  return `https://www.neuronpedia.org/${path}/${index}`;
}
