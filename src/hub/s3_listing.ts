/**
 * @file What a public bucket holds below a prefix: Amazon S3's ListObjectsV2 (API reference, 2006-03-01), which other stores and static mirrors
 * answer alike. Every page is followed to the end. The XML is untrusted: its size, its keys and their count are bounded. Leaves out
 * signed requests and versions.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';

export interface ListedObject {
  /** Its whole name in the bucket: `v1/gemma-2-2b/20-gemmascope-res-16k/explanations/batch-0.jsonl.gz`. */
  readonly key: string;
  readonly byteLength: number;
  /** Strong, with its quotes; undefined where there is none. */
  readonly etag: string | undefined;
  /** ISO 8601 in UTC; undefined where the listing has none that can be read. */
  readonly modified: string | undefined;
}

export interface ListObjectsOptions {
  /** Of the bucket: `https://bucket.s3.us-east-1.amazonaws.com`. */
  readonly base: string;
  readonly prefix: string;
  /** The text of one page. */
  readonly readPage: (url: string) => Promise<string>;
  readonly signal?: AbortSignal | undefined;
}

/** Of a thousand keys each, as servers give them: the largest published source has about a thousand batches of each kind. */
const MAX_PAGES = 100;

/** A page of a thousand keys takes about 0.4 MB. */
export const MAX_PAGE_BYTES: number = 4 * 2 ** 20;

/** The longest key that S3 allows. */
const MAX_KEY = 1024;

/**
 * All objects whose key begins with the prefix, in the order of the pages.
 * @throws {AntipodeError} `network` for an answer that is no listing, names keys outside the prefix, or does not come to an end
 */
export async function listObjects(options: ListObjectsOptions): Promise<ListedObject[]> {
  const { base, prefix, readPage, signal } = options;
  const objects: ListedObject[] = [];
  const seen = new Set<string>();
  for (let token: string | undefined = ''; token !== undefined; ) {
    throwIfInterrupted(signal);
    if (seen.has(token) || seen.size >= MAX_PAGES) {
      throw badListing(base, `its pages do not come to an end (${seen.size} were read)`);
    }
    seen.add(token);
    const page = parseListing(await readPage(pageAddress(base, prefix, token)), base);
    const stranger = page.objects.find(({ key }) => !key.startsWith(prefix));
    if (stranger) {
      throw badListing(
        base,
        `it names ${JSON.stringify(stranger.key.slice(0, 80))}, which is not below ${prefix}`,
      );
    }
    objects.push(...page.objects);
    token = page.next;
  }
  return objects;
}

/** Tokens are opaque; signs such as `+` and `=` in them have to be escaped. */
function pageAddress(base: string, prefix: string, token: string): string {
  const url = new URL(`${base.replace(/\/+$/, '')}/`);
  url.searchParams.set('list-type', '2');
  url.searchParams.set('prefix', prefix);
  if (token !== '') url.searchParams.set('continuation-token', token);
  return url.href;
}

/**
 * One page.
 * @param from the server, for messages
 * @returns `next`: the token that asks for the page behind it; undefined on the last
 * @throws {AntipodeError} `network`
 */
export function parseListing(
  xml: string,
  from: string,
): { readonly objects: ListedObject[]; readonly next: string | undefined } {
  if (xml.length > MAX_PAGE_BYTES) throw badListing(from, `a page is longer than ${MAX_PAGE_BYTES} bytes`);
  if (!/^\s*(?:<\?xml[^>]*>\s*)?<ListBucketResult[\s>]/.test(xml)) {
    throw badListing(from, 'the answer is no list of files');
  }
  const objects: ListedObject[] = [];
  for (const block of elements(xml, 'Contents', from)) objects.push(objectOf(block, from));
  const rest = withoutContents(xml);
  if (field(rest, 'IsTruncated') !== 'true') return { objects, next: undefined };
  const next = field(rest, 'NextContinuationToken');
  if (next === undefined || next === '') throw badListing(from, 'it goes on, but does not say where');
  return { objects, next };
}

function objectOf(block: string, from: string): ListedObject {
  const key = field(block, 'Key');
  if (key === undefined || key === '' || key.length > MAX_KEY) {
    throw badListing(from, 'an entry has no key, or one that is too long');
  }
  const size = field(block, 'Size') ?? '';
  const byteLength = /^\d{1,16}$/.test(size) ? Number(size) : Number.NaN;
  if (!Number.isSafeInteger(byteLength)) {
    throw badListing(from, `the size of ${JSON.stringify(key.slice(0, 80))} is no number of bytes`);
  }
  const modified = new Date(field(block, 'LastModified') ?? '');
  const etag = field(block, 'ETag') ?? '';
  return {
    key,
    byteLength,
    etag: /^"[\x21\x23-\x7e]{1,200}"$/.test(etag) ? etag : undefined,
    modified: Number.isNaN(modified.getTime()) ? undefined : modified.toISOString(),
  };
}

/** Their contents, in order; by looking for ends from where the last was found, so that a page without any costs one look. */
function* elements(xml: string, name: string, from: string): Generator<string, void, undefined> {
  const [open, close] = [`<${name}>`, `</${name}>`];
  for (let start = xml.indexOf(open); start >= 0; ) {
    const end = xml.indexOf(close, start);
    if (end < 0) throw badListing(from, 'it is cut');
    yield xml.slice(start + open.length, end);
    start = xml.indexOf(open, end);
  }
}

/** What stands outside the entries: in any order, before or behind them. */
function withoutContents(xml: string): string {
  const first = xml.indexOf('<Contents>');
  if (first < 0) return xml;
  return xml.slice(0, first) + xml.slice(xml.lastIndexOf('</Contents>'));
}

function field(block: string, name: string): string | undefined {
  const start = block.indexOf(`<${name}>`);
  if (start < 0) return undefined;
  const end = block.indexOf(`</${name}>`, start);
  return end < 0 ? undefined : decoded(block.slice(start + name.length + 2, end)).trim();
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** XML 1.0, section 4.6 and 4.1; what is none of these stays. */
function decoded(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi,
    (whole, hex, digits, name) => {
      if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
      const code = hex === undefined ? Number(digits) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

function badListing(from: string, problem: string): AntipodeError {
  return new AntipodeError('network', `${from}: cannot be listed: ${problem}`, {
    hint: 'check the address of the mirror, or try again later',
  });
}
