/** @file The parts of a geometry run, apart from their code, so that the command line can name them without loading it. */

/** `extremes` is the exhaustive pass: the extremes, and the population behind every percentile. */
export type GeometryPart = 'pairs' | 'random' | 'self' | 'extremes';

export const GEOMETRY_PARTS: readonly GeometryPart[] = ['pairs', 'random', 'self', 'extremes'];
