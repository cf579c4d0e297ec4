/** @file Reads a `steering.json` back, which somebody may have edited: everything that is read from it later is checked here. Keys of later versions stay. */

import { z } from 'zod';
import { AntipodeError } from '../errors.ts';
import { STEER_METHODS, STEER_POSITIONS, STRENGTH_UNITS } from './arm.ts';
import type { SteeringPlan } from './steering_plan.ts';

const index = z.int().nonnegative();
const pole = z.looseObject({ name: z.string().min(1), features: z.array(index).min(1) });

const planShape = z.looseObject({
  schema: z.literal('antipode-steering'),
  schema_version: z.literal(1),
  title: z.string().nullable(),
  versions: z.record(z.string(), z.string()),
  model: z.looseObject({ ref: z.string(), precision: z.string(), device: z.string() }),
  sae: z.looseObject({
    label: z.string(),
    neuronpedia_id: z.string().nullable(),
    place: z.string().regex(/^resid\.(emb|\d+)$/),
  }),
  poles: z.looseObject({ a: pole, b: pole }),
  prompts: z.array(z.looseObject({ text: z.string(), tokens: z.array(index).min(1) })).min(1),
  method: z.enum(STEER_METHODS),
  unit: z.enum(STRENGTH_UNITS),
  strength: z.number(),
  positions: z.enum(STEER_POSITIONS),
  mean_norm: z.looseObject({ value: z.number(), source: z.enum(['given', 'card', 'measured']) }).nullable(),
  arms: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        kind: z.enum(['control', 'examples', 'steered', 'matched', 'random']),
        parts: z.array(z.looseObject({ features: z.array(index), strength: z.number() })),
        factor: z.number(),
        length: z.number(),
        coefficients: z.array(z.looseObject({ feature: index, coefficient: z.number() })),
      }),
    )
    .min(1),
  sampling: z.looseObject({
    temperature: z.number(),
    top_k: z.number().nullable(),
    top_p: z.number().nullable(),
    repetition_penalty: z.number().nullable(),
  }),
  max_new_tokens: index,
  stops: z.array(z.string()),
  replies: index,
  examples: index,
  seed: z.int(),
});

/** @param name begins messages @throws {AntipodeError} `format` for what is no plan */
export function parseSteeringPlan(text: string, name: string): SteeringPlan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AntipodeError('format', `${name}: is not JSON`, { cause: error });
  }
  const { data, error } = planShape.safeParse(value);
  if (data) return value as SteeringPlan;
  const [first] = error.issues;
  const at = first && first.path.length > 0 ? `${first.path.join('.')}: ` : '';
  throw new AntipodeError('format', `${name}: is not the plan of a steering run (${at}${first?.message})`, {
    hint: 'a run of a later antipode, or an edited file? Begin anew with another folder: --out',
  });
}
