/** @file `--min-density` and `--max-density`: which features take part in a search, by the share of tokens on which they are active. */

import type { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { FeatureNotes } from '../report/feature_notes.ts';
import type { SaeFile } from '../sae/sae.ts';
import { knowsDensities } from './known_densities.ts';
import { numberOption } from './options.ts';

export interface DensityFlags {
  readonly minDensity?: number;
  readonly maxDensity?: number;
}

export function addDensityOptions(command: Command): Command {
  return command
    .option(
      '--min-density <share>',
      'only features active on at least this share of tokens, 0 to 1, where densities are known',
      numberOption('--min-density', 0, 1),
    )
    .option(
      '--max-density <share>',
      'only features active on at most this share of tokens: 0.01 leaves dense features out',
      numberOption('--max-density', 0, 1),
    );
}

/** As the user wrote it; undefined where all features take part. @throws {AntipodeError} `usage` for a range that is empty */
export function densityFilter({ minDensity, maxDensity }: DensityFlags): string | undefined {
  if (minDensity !== undefined && maxDensity !== undefined && minDensity > maxDensity) {
    throw new AntipodeError(
      'usage',
      `--min-density ${minDensity} is above --max-density ${maxDensity}: no feature is left`,
    );
  }
  const words = [
    ...(minDensity === undefined ? [] : [`--min-density ${minDensity}`]),
    ...(maxDensity === undefined ? [] : [`--max-density ${maxDensity}`]),
  ];
  return words.length > 0 ? words.join(' ') : undefined;
}

/**
 * A feature whose density is not known is left out by any filter.
 * @returns undefined without a filter
 * @throws {AntipodeError} `missing` where no density of this SAE is known
 */
export function takingPart(
  sae: SaeFile,
  notes: FeatureNotes,
  flags: DensityFlags,
): ((feature: number) => boolean) | undefined {
  const filter = densityFilter(flags);
  if (filter === undefined) return undefined;
  const { dSae, identity } = sae.header;
  if (!knowsDensities(notes, dSae)) {
    throw new AntipodeError(
      'missing',
      `${identity.label}: how often its features are active is not known, which ${filter} asks for`,
      { hint: 'antipode features import PATH reads densities from an export of Neuronpedia' },
    );
  }
  const { minDensity = 0, maxDensity = 1 } = flags;
  return (feature) => {
    const density = notes.density(feature);
    return density !== undefined && density >= minDensity && density <= maxDensity;
  };
}
