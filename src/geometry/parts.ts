/** @file The parts of a geometry run, apart from their code, so that the command line can name them without loading it. */

/**
 * `tests` measures the pairs too. `extremes` is the exhaustive pass: the extremes, and the population behind every percentile. `antipodality` is another one,
 * over both matrices at once.
 */
export type GeometryPart = 'pairs' | 'random' | 'tests' | 'self' | 'extremes' | 'antipodality';

export const GEOMETRY_PARTS: readonly GeometryPart[] = [
  'pairs',
  'random',
  'tests',
  'self',
  'extremes',
  'antipodality',
];
