/** @file `steering.json` back into a plan: the border, checked, because people copy and edit run folders. */

import { z } from 'zod';
import { AntipodeError } from '../errors.ts';
import { STEER_METHODS, STEER_POSITIONS, STRENGTH_UNITS } from './arm.ts';
import type { SteeringPlan } from './steering_plan.ts';

const count = z.int().min(0);
const text = z.string();
const pole = z.object({ name: text.min(1), features: z.array(count).min(1) });

const arm = z.object({
  name: text.min(1),
  kind: z.enum(['control', 'examples', 'steered', 'matched', 'random']),
  parts: z.array(z.object({ features: z.array(count), strength: z.number() })),
  factor: z.number(),
  length: z.number(),
  coefficients: z.array(z.object({ feature: count, coefficient: z.number() })),
  sha256: text.nullable(),
});

const planShape: z.ZodType<SteeringPlan> = z.object({
  schema: z.literal('antipode-steering'),
  schema_version: z.literal(1),
  title: text.nullable(),
  versions: z.record(text, text),
  model: z.object({
    ref: text,
    commit: text.optional(),
    fingerprint: text,
    precision: text,
    device: text,
    threads: z.int().nullable(),
  }),
  sae: z.object({
    ref: text,
    commit: text.optional(),
    label: text,
    neuronpedia_id: text.nullable(),
    d_sae: count,
    layer: count,
    place: text,
  }),
  poles: z.object({ concept: text.nullable(), catalogue: text.nullable(), a: pole, b: pole }),
  prompts: z.array(z.object({ text, tokens: z.array(count).min(1) })).min(1),
  chat: z.boolean(),
  system: text.nullable(),
  method: z.enum(STEER_METHODS),
  unit: z.enum(STRENGTH_UNITS),
  strength: z.number(),
  factors: z.array(z.number()),
  positions: z.enum(STEER_POSITIONS),
  mean_norm: z.object({ value: z.number(), source: z.enum(['given', 'card', 'measured']) }).nullable(),
  sampling: z.object({
    temperature: z.number(),
    top_k: z.number().nullable(),
    top_p: z.number().nullable(),
    repetition_penalty: z.number().nullable(),
  }),
  max_new_tokens: count,
  stops: z.array(text),
  replies: count,
  examples: count,
  seed: z.int(),
  batch_rows: z.int().min(1),
  arms: z.array(arm).min(1),
});

/** @param name of the file, for messages @throws {AntipodeError} `format` where it is no plan of a run, or one of a later version */
export function readSteeringPlan(json: string, name: string): SteeringPlan {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw broken(name, 'is not JSON', error);
  }
  const result = planShape.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  throw broken(name, `is no plan of a steering run (${path === '' ? 'the file' : path}: ${issue?.message})`);
}

function broken(name: string, problem: string, cause?: unknown): AntipodeError {
  return new AntipodeError('format', `${name}: ${problem}`, {
    hint: 'the folder of a run is made by antipode steer run',
    ...(cause !== undefined && { cause }),
  });
}
