/**
 * @file Which pieces of an unfinished sidecar are finished: one line per piece, written behind it. A line that a kill cut short counts as not
 * written; whether the bytes are there is checked against the line's CRC-32 by whoever goes on.
 */

import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { SidecarPlan } from './plan.ts';

export interface JournalOf {
  readonly plan: SidecarPlan;
  /** Tells the state of the source files: pieces from before one of them was changed are not mixed with later ones. */
  readonly origin: string;
}

function firstLine({ origin, plan: { header, pieces } }: JournalOf): string {
  const hash = createHash('sha256').update(header).update(JSON.stringify(pieces)).update(origin);
  return `antipode-journal-1 ${hash.digest('hex')}\n`;
}

/** @returns CRC-32 by piece, NaN for those not written down; undefined where there is no journal of this work */
export function readJournal(path: string, subject: JournalOf): Float64Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const first = firstLine(subject);
  if (!text.startsWith(first)) return undefined;
  const checksums = new Float64Array(subject.plan.pieces.length).fill(Number.NaN);
  for (const [, piece, checksum] of text.slice(first.length).matchAll(/^(\d+) ([0-9a-f]{8})\n/gm)) {
    if (Number(piece) < checksums.length) checksums[Number(piece)] = Number.parseInt(checksum!, 16);
  }
  return checksums;
}

export function startJournal(path: string, subject: JournalOf): void {
  writeFileSync(path, firstLine(subject));
}

export function noteFinished(path: string, piece: number, checksum: number): void {
  appendFileSync(path, `${piece} ${checksum.toString(16).padStart(8, '0')}\n`);
}
