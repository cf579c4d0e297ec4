/** @file In which form a model's matrices are kept and multiplied with, by name. Imports nothing, for lists of options. */

/**
 * - `exact`: lossless; matrices stay pages of their files, 16-bit ones are widened when a run needs them.
 * - `f32`: lossless; matrices are widened once, when the model is opened, and kept packed in memory: 4 bytes per weight, and a fifth more while
 *   opening (10.5 GB for a 16-bit model of 2.6 G weights). Faster than `exact` where weights are 16-bit, in prompts where they are 32-bit.
 * - `q8`, `q4`: 8 or 4 bits per weight in blocks of 64 and 128 (8.5 and 4.25 bits with the scale's share); the copy is made once, in antipode's cache.
 */
export const PRECISIONS = ['exact', 'f32', 'q8', 'q4'] as const;

export type Precision = (typeof PRECISIONS)[number];

/** `auto`: `q8` where the matrices are stored in more than 256 MiB, else `exact`. */
export type PrecisionChoice = Precision | 'auto';
