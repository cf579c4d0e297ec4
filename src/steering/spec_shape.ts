/** @file The shape of a steering spec: which keys it may have, and which values they may hold. What is left out has its default in `complete_spec.ts`. */

import { z } from 'zod';
import { PRECISIONS } from '../lm/precision_names.ts';
import { DEVICES } from '../onnx/device.ts';
import { STEER_METHODS, STEER_POSITIONS, STRENGTH_UNITS } from './arm.ts';
import {
  MAX_LAYER,
  MAX_NEW_TOKENS,
  MAX_RANDOM_ARMS,
  MAX_REPLIES,
  MAX_STRENGTH,
  MAX_TEMPERATURE,
  MIN_STRENGTH,
} from './limits.ts';

/** A prompt of this many characters is a book; each token of it is fed once per reply. */
const MAX_PROMPT = 100_000;
const MAX_PROMPTS = 1000;
const MAX_NAME = 4096;
const MAX_FACTORS = 100;
const MAX_ARMS = 1000;
const MAX_PARTS = 100;

/** Features of a pole or part: each is a row that is read. */
const MAX_FEATURES = 1000;

const name = z.string().trim().min(1).max(MAX_NAME);
const feature = z.union([z.number(), z.string()]);
export const featuresShape: z.ZodType<(number | string)[]> = z.array(feature).min(1).max(MAX_FEATURES);
const whole = (least: number, most: number): z.ZodNumber => z.int().min(least).max(most);
const strength = z.number().min(MIN_STRENGTH).max(MAX_STRENGTH);

const partShape = z.strictObject({
  pole: name.optional(),
  features: featuresShape.optional(),
  strength: z.number().min(-MAX_STRENGTH).max(MAX_STRENGTH).optional(),
});

const armShape = z.strictObject({ name, parts: z.array(partShape).min(1).max(MAX_PARTS) });

const samplingShape = z.strictObject({
  temperature: z.number().min(0).max(MAX_TEMPERATURE).optional(),
  top_k: whole(1, 2 ** 31).optional(),
  top_p: z.number().positive().max(1).optional(),
  repetition_penalty: z.number().min(0.01).max(100).optional(),
});

const shape = z.strictObject({
  title: name.optional(),
  model: name.optional(),
  sae: name.optional(),
  layer: whole(0, MAX_LAYER).optional(),
  concepts: name.optional(),
  pair: name.optional(),
  poles: z.record(z.string(), featuresShape).optional(),
  prompts: z.array(z.string().max(MAX_PROMPT)).min(1).max(MAX_PROMPTS).optional(),
  chat: z.boolean().optional(),
  system: z.string().max(MAX_PROMPT).optional(),
  method: z.enum(STEER_METHODS).optional(),
  unit: z.enum(STRENGTH_UNITS).optional(),
  strength: strength.optional(),
  strengths: z.array(strength).min(1).max(MAX_FACTORS).optional(),
  curve: z.array(strength).min(1).max(MAX_FACTORS).optional(),
  mean_norm: strength.optional(),
  positions: z.enum(STEER_POSITIONS).optional(),
  arms: z.array(armShape).min(1).max(MAX_ARMS).optional(),
  random: whole(0, MAX_RANDOM_ARMS).optional(),
  matched: z.boolean().optional(),
  replies: whole(1, MAX_REPLIES).optional(),
  examples: whole(0, MAX_REPLIES).optional(),
  sampling: samplingShape.optional(),
  max_new_tokens: whole(1, MAX_NEW_TOKENS).optional(),
  stops: z.array(z.string().min(1)).optional(),
  seed: z.int().optional(),
  judges: z.array(name).min(1).optional(),
  precision: z.enum(['auto', ...PRECISIONS]).optional(),
  device: z.enum(['auto', ...DEVICES]).optional(),
  threads: whole(1, 1024).optional(),
});

export const specShape: z.ZodType<SpecFile> = shape;

/** All that a spec may say. */
export const SPEC_KEYS: readonly string[] = Object.keys(shape.shape);

/** As it stands in the file; names in snake_case. */
export interface SpecFile {
  readonly title?: string | undefined;
  readonly model?: string | undefined;
  readonly sae?: string | undefined;
  readonly layer?: number | undefined;
  readonly concepts?: string | undefined;
  readonly pair?: string | undefined;
  readonly poles?: Readonly<Record<string, readonly (number | string)[]>> | undefined;
  readonly prompts?: readonly string[] | undefined;
  readonly chat?: boolean | undefined;
  readonly system?: string | undefined;
  readonly method?: (typeof STEER_METHODS)[number] | undefined;
  readonly unit?: (typeof STRENGTH_UNITS)[number] | undefined;
  readonly strength?: number | undefined;
  readonly strengths?: readonly number[] | undefined;
  readonly curve?: readonly number[] | undefined;
  readonly mean_norm?: number | undefined;
  readonly positions?: (typeof STEER_POSITIONS)[number] | undefined;
  readonly arms?: readonly FileArm[] | undefined;
  readonly random?: number | undefined;
  readonly matched?: boolean | undefined;
  readonly replies?: number | undefined;
  readonly examples?: number | undefined;
  readonly sampling?:
    | {
        readonly temperature?: number | undefined;
        readonly top_k?: number | undefined;
        readonly top_p?: number | undefined;
        readonly repetition_penalty?: number | undefined;
      }
    | undefined;
  readonly max_new_tokens?: number | undefined;
  readonly stops?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly judges?: readonly string[] | undefined;
  readonly precision?: 'auto' | (typeof PRECISIONS)[number] | undefined;
  readonly device?: 'auto' | (typeof DEVICES)[number] | undefined;
  readonly threads?: number | undefined;
}

export interface FileArm {
  readonly name: string;
  readonly parts: readonly {
    readonly pole?: string | undefined;
    readonly features?: readonly (number | string)[] | undefined;
    readonly strength?: number | undefined;
  }[];
}
