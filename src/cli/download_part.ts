/** @file One part of what `antipode download` was asked for, fetched or at hand, and how it is shown. */

import { dirname } from 'node:path';
import type { HfCachedFile } from '../hub/hf_cache.ts';
import type { DownloadTarget } from './download_targets.ts';
import { formatBytes, type Style, visible } from './output.ts';

/** What one part of an id comes to. */
export interface DownloadedPart {
  readonly id: string;
  readonly part: DownloadTarget['kind'];
  /** `org/name`, or `model/source`. */
  readonly from: string;
  readonly commit: string | null;
  readonly files: number;
  /** Of all files; null where nobody says before they come. */
  readonly bytes: number | null;
  /** Of those that are fetched. */
  readonly fetched_bytes: number | null;
  readonly path: string | null;
}

/** Null where the size of one is unknown. */
export function sumOf(files: readonly { readonly byteLength: number | undefined }[]): number | null {
  let sum = 0;
  for (const { byteLength } of files) {
    if (byteLength === undefined) return null;
    sum += byteLength;
  }
  return sum;
}

/** What other commands take: a model's folder, the folder of several files of weights, or the file. */
export function pathOf(kind: 'weights' | 'model', last: HfCachedFile, count: number): string {
  if (kind === 'model') return last.snapshot;
  return count > 1 ? dirname(last.path) : last.path;
}

export function partsText(parts: readonly DownloadedPart[], isPlan: boolean, { bold }: Style): string {
  const lines = parts.map(({ bytes, fetched_bytes, files, from, path, part }) => {
    const size = bytes === null ? 'of unknown size' : formatBytes(bytes);
    const what = `${part} of ${visible(from)}: ${files} ${files === 1 ? 'file' : 'files'}, ${size}`;
    const rest =
      fetched_bytes === null || fetched_bytes === bytes
        ? ''
        : `, ${formatBytes(fetched_bytes)} of it to fetch`;
    if (fetched_bytes === 0) return `here      ${what}${path === null ? '' : `  ${visible(path)}`}`;
    return isPlan ? `to fetch  ${what}${rest}` : `fetched   ${what}  ${visible(path ?? '')}`;
  });
  if (!isPlan) return lines.join('\n');
  const total = parts.reduce((sum, { fetched_bytes }) => sum + (fetched_bytes ?? 0), 0);
  return [...lines, bold(`would fetch ${formatBytes(total)}`)].join('\n');
}
