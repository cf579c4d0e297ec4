/** @file The exhaustive passes over one SAE: every space against itself, the extremes with their cosines in the other space, and the antipodal partner of every feature. */

import { type Antipodality, antipodality } from '../search/antipodality.ts';
import { cosine } from '../tensor/matrix.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';
import type { SaeCosines } from './measure_cosines.ts';
import { type MeasureSaeOptions, measuredConcepts } from './measure_options.ts';
import type { SpacesRead } from './sae_rows.ts';
import { type SpaceSearch, searchSpace } from './search_space.ts';

export interface SaeSearch {
  /** As the cosines have them. */
  readonly spaces: readonly SpaceSearch[];
  /** Of all spaces and both ends. */
  readonly extremes: readonly ExtremePair[];
  readonly antipodality?: Antipodality;
}

/** @throws {AntipodeError} as `searchPairs` and `antipodality` do */
export async function searchSae(
  options: MeasureSaeOptions,
  spaces: SpacesRead,
  cosines: SaeCosines,
): Promise<SaeSearch> {
  const { parts, top, threads, signal, onProgress } = options;
  const found: SpaceSearch[] = [];
  for (const measured of cosines.spaces) {
    found.push(
      await searchSpace({
        rows: spaces[measured.space]!,
        concepts: measuredConcepts(options),
        cosines: measured,
        top: parts.includes('extremes') ? top : undefined,
        ...(threads !== undefined && { threads }),
        ...(signal && { signal }),
        ...(onProgress && {
          onProgress: (done: number, total: number) =>
            onProgress(`all pairs, ${measured.space}`, done, total),
        }),
      }),
    );
  }
  return {
    spaces: found,
    extremes: parts.includes('extremes') ? collectExtremes(found, spaces) : [],
    ...(parts.includes('antipodality') && { antipodality: await findPartners(options, spaces) }),
  };
}

async function findPartners(
  { threads, signal, onProgress }: MeasureSaeOptions,
  spaces: SpacesRead,
): Promise<Antipodality> {
  return antipodality(spaces.encoder!.rows, spaces.decoder!.rows, {
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: (done: number, total: number) => onProgress('all pairs, both', done, total),
    }),
  });
}

function collectExtremes(found: readonly SpaceSearch[], spaces: SpacesRead): ExtremePair[] {
  return found.flatMap(({ space, top = [], bottom = [] }) => {
    const other = spaces[otherSpace(space)]!.rows;
    const otherCosine = (a: number, b: number): number => cosine(other, a, other, b);
    return [
      ...annotateExtremes(top, { space, end: 'aligned', otherCosine }),
      ...annotateExtremes(bottom, { space, end: 'opposed', otherCosine }),
    ];
  });
}
