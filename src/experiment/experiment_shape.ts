/** @file The shape of an experiment's spec: which keys it may have, and which values they may hold. The JSON schema for editors follows from it. */

import { z } from 'zod';
import { type SpecFile, specShape } from '../steering/spec_shape.ts';

/** Of the spec's form. Raised when a key changes its meaning or goes; a new key does not raise it. */
export const EXPERIMENT_VERSION = 1;

const MAX_NAME = 4096;
const MAX_SAES = 100;

/** Extremes kept at each end: a table of more is a dictionary's copy. */
const MAX_TOP = 100_000;
const MAX_RANDOM_PAIRS = 10_000_000;
/** Draws of a test: p is known to 1/draws. */
const MAX_DRAWS = 10_000_000;

const name = z.string().trim().min(1).max(MAX_NAME);
const seed = z.int().min(0);

const saeShape = z.strictObject({
  sae: name.describe('An SAE: a known id such as gemma-2-2b/20-gemmascope-res-16k, a folder or a file.'),
  concepts: name
    .optional()
    .describe('Its pairs of opposites: a catalogue or a YAML file; its own catalogue where left out.'),
  explanations: name
    .optional()
    .describe(
      'What its features stand for: an id, a folder or an export; what is imported for it where left out.',
    ),
  explainer: name.optional().describe('Whose words, where there are several explainers.'),
});

const geometryShape = z.strictObject({
  spaces: z
    .array(z.enum(['encoder', 'decoder']))
    .min(1)
    .max(2)
    .optional()
    .describe('Which matrices; both where left out.'),
  random_pairs: z
    .int()
    .min(0)
    .max(MAX_RANDOM_PAIRS)
    .optional()
    .describe('The article\u2019s baseline; 20 where left out.'),
  top: z
    .int()
    .min(0)
    .max(MAX_TOP)
    .optional()
    .describe('Extreme pairs kept at each end of each space; 100 where left out.'),
  draws: z.int().min(1).max(MAX_DRAWS).optional().describe('Draws of every test; 10,000 where left out.'),
});

const shape = z.strictObject({
  antipode: z.literal(EXPERIMENT_VERSION).describe('The version of this form.'),
  title: name.optional().describe('Of the report.'),
  seed: seed.optional().describe('Of everything that is drawn; 0 where left out.'),
  saes: z.array(saeShape).min(1).max(MAX_SAES).describe('The dictionaries, one or more.'),
  geometry: geometryShape.optional(),
  steering: specShape
    .optional()
    .describe('Replies steered along two opposites, and their judges; left out: no replies.'),
});

export const experimentShape: z.ZodType<ExperimentFile> = shape;

export const EXPERIMENT_KEYS: readonly string[] = Object.keys(shape.shape);

/** As it stands in the file; names in snake_case. */
export interface ExperimentFile {
  readonly antipode: 1;
  readonly title?: string | undefined;
  readonly seed?: number | undefined;
  readonly saes: readonly {
    readonly sae: string;
    readonly concepts?: string | undefined;
    readonly explanations?: string | undefined;
    readonly explainer?: string | undefined;
  }[];
  readonly geometry?:
    | {
        readonly spaces?: readonly ('encoder' | 'decoder')[] | undefined;
        readonly random_pairs?: number | undefined;
        readonly top?: number | undefined;
        readonly draws?: number | undefined;
      }
    | undefined;
  readonly steering?: SpecFile | undefined;
}

/** For editors: JSON Schema, draft 2020-12. */
export function experimentSchema(): Record<string, unknown> {
  return {
    title: 'An experiment of antipode',
    ...z.toJSONSchema(shape, { io: 'input' }),
  };
}
