/**
 * @file Where the training of a language model stands, in its folder: `checkpoint.safetensors` with weights, AdamW's means, the step and the loss curve.
 * It goes on only with the configuration, settings and rows that it began with.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { isRecord, type JsonRecord } from '../../lm/config/fields.ts';
import { checkpointTensor, readCheckpoint, writeCheckpoint } from '../step/checkpoint.ts';
import { createLossCurve, type LossCurve } from '../step/loss_curve.ts';
import type { StepSession } from '../step/step_session.ts';
import { initialParameters } from './parameters.ts';
import type { LanguageModelSettings } from './settings.ts';
import type { TrainableConfig } from './trainable_config.ts';

export const CHECKPOINT_FILE = 'checkpoint.safetensors';

/** Loss, rate and gradient norm are those of the step alone; held_out_loss is NaN where nothing was looked at. */
const CURVE_COLUMNS = ['step', 'loss', 'learning_rate', 'gradient_norm', 'held_out_loss'];

/** What has to be the same for a training to go on. */
export interface TrainingIdentity {
  readonly config: TrainableConfig;
  readonly settings: LanguageModelSettings;
  /** Of the training rows. */
  readonly rows: string;
}

export interface TrainingState {
  /** Steps done. */
  step: number;
  readonly curve: LossCurve;
}

/** Fills the session from the folder's checkpoint, or from the seed where there is none. */
export async function restore(
  folder: string,
  session: StepSession,
  identity: TrainingIdentity,
): Promise<TrainingState> {
  const path = join(folder, CHECKPOINT_FILE);
  if (!existsSync(path)) {
    const { config, settings } = identity;
    for (const [name, values] of initialParameters(config.model, settings.seed)) session.write(name, values);
    return { step: 0, curve: createLossCurve(CURVE_COLUMNS) };
  }
  const checkpoint = await readCheckpoint(path);
  const facts = isRecord(checkpoint.facts) ? checkpoint.facts : {};
  const { step } = facts;
  if (typeof step !== 'number' || !Number.isSafeInteger(step) || step < 0) {
    throw new AntipodeError('format', `${path}: does not say which step it is of`);
  }
  checkIdentity(path, facts, factsOf(identity));
  for (const spec of session.state) session.write(spec.name, checkpointTensor(path, checkpoint, spec));
  return { step, curve: createLossCurve(CURVE_COLUMNS, facts['curve']) };
}

/** Checkpoint first: the curve can be written again from it. */
export async function save(
  folder: string,
  session: StepSession,
  identity: TrainingIdentity,
  { curve, step }: TrainingState,
): Promise<void> {
  const tensors = session.state.map(({ name, shape }) => ({ name, shape, data: session.read(name) }));
  const facts = { ...factsOf(identity), step, curve: curve.toJson() };
  await writeCheckpoint(join(folder, CHECKPOINT_FILE), tensors, facts);
  await curve.write(folder);
}

function factsOf({ config, rows, settings }: TrainingIdentity): JsonRecord {
  return { trains: 'language model', config: config.fields, settings, rows };
}

function checkIdentity(path: string, found: JsonRecord, expected: JsonRecord): void {
  for (const [name, value] of Object.entries(expected)) {
    if (sorted(found[name]) === sorted(value)) continue;
    throw new AntipodeError(
      'usage',
      `${path}: is of a training with other ${name}${difference(found[name], value)}`,
      {
        hint: 'train into another folder, or remove the checkpoint to start anew',
      },
    );
  }
}

function difference(found: unknown, expected: unknown): string {
  if (!isRecord(found) || !isRecord(expected)) return ` (got ${sorted(found)}, expected ${sorted(expected)})`;
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
  const name = names.find((key) => sorted(found[key]) !== sorted(expected[key]));
  return `: ${name} (got ${sorted(found[name!])}, expected ${sorted(expected[name!])})`;
}

/** JSON that does not depend on the order of keys. */
function sorted(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
  return text ?? 'nothing';
}
