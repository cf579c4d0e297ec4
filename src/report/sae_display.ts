/** @file Which dictionary a report is about, as a display table. */

import { embeddedSae } from '../hub/embedded_default.ts';
import type { SaeHeader } from '../sae/sae.ts';
import { type DisplayTable, formatCount, left } from './display.ts';

/** @param notes sentences under the table, behind the one about generated weights @param more further rows */
export function saeTable(
  header: SaeHeader,
  notes: readonly string[],
  more: readonly (readonly [string, string])[] = [],
): DisplayTable {
  const { identity } = header;
  const isEmbedded = embeddedSae(identity.neuronpediaId ?? '') !== undefined;
  const facts: (readonly [string, string])[] = [
    ['SAE', [identity.release, identity.saeId].filter(Boolean).join(' / ') || identity.label],
    [isEmbedded ? 'Ships with antipode' : 'Neuronpedia', identity.neuronpediaId ?? ''],
    [
      'Features x width',
      `${formatCount(header.dSae)} x ${formatCount(header.dIn)} (${header.architecture}, ${header.dtype})`,
    ],
    ...more,
  ];
  return {
    title: identity.label,
    columns: [left(''), left('')],
    rows: facts.filter(([, value]) => value !== ''),
    notes: [
      ...(identity.isSynthetic
        ? ['These weights are SYNTHETIC: the numbers say nothing about any language model.']
        : []),
      ...notes,
    ],
  };
}
