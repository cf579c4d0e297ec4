/**
 * @file The checkpoint of a training of a sparse autoencoder: parameters, Adam's means, firing counts, the place in the stream of activations, the
 * loss curve, and the settings, which a resumed training has to have as well.
 */

import { join } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { type Checkpoint, checkpointTensor, readCheckpoint, writeCheckpoint } from '../step/checkpoint.ts';
import type { LossCurve } from '../step/loss_curve.ts';
import type { StepSession } from '../step/step_session.ts';
import type { Firing } from './firing.ts';
import type { ResolvedSettings } from './settings.ts';

export const CHECKPOINT_FILE = 'checkpoint.safetensors';

/** Of the last step that was reported. */
export interface LastStep {
  readonly loss: number;
  readonly explainedVariance: number;
  readonly l0: number;
}

/** What a checkpoint knows besides its tensors. */
export interface TrainingFacts {
  readonly settings: ResolvedSettings;
  readonly dIn: number;
  /** Steps done. */
  readonly step: number;
  readonly scale: number;
  readonly variance: number;
  /** Of the stream, behind the last step. */
  readonly position: unknown;
  readonly firing: { readonly counted: number; readonly threshold: number | null; readonly steps: number };
  readonly last: LastStep;
  readonly curve: unknown;
}

export interface TrainingState {
  readonly session: StepSession;
  readonly firing: Firing;
  readonly curve: LossCurve;
}

/** @throws {AntipodeError} as `writeCheckpoint`; the checkpoint that was there stays */
export async function saveTraining(
  folder: string,
  { session, firing, curve }: TrainingState,
  facts: Omit<TrainingFacts, 'firing' | 'curve'>,
): Promise<void> {
  const { counted, threshold, steps } = firing;
  const shape = [firing.since.length];
  const tensors = [
    ...session.state.map((spec) => ({ ...spec, data: session.read(spec.name) })),
    { name: 'firing.since', shape, data: firing.since },
    { name: 'firing.fired', shape, data: firing.fired },
  ];
  const all: TrainingFacts = {
    ...facts,
    firing: { counted, threshold: Number.isNaN(threshold) ? null : threshold, steps },
    curve: curve.toJson(),
  };
  await writeCheckpoint(join(folder, CHECKPOINT_FILE), tensors, all);
  await curve.write(folder);
}

export interface SavedTraining {
  readonly facts: TrainingFacts;
  readonly checkpoint: Checkpoint;
  readonly path: string;
}

/**
 * The checkpoint of a folder; undefined where there is none.
 * @throws {AntipodeError} `format` for a damaged one; `usage` where its settings are others
 */
export async function findTraining(
  folder: string,
  settings: ResolvedSettings,
  dIn: number,
): Promise<SavedTraining | undefined> {
  const path = join(folder, CHECKPOINT_FILE);
  let checkpoint: Checkpoint;
  try {
    checkpoint = await readCheckpoint(path);
  } catch (error) {
    if (error instanceof AntipodeError && error.kind === 'missing') return undefined;
    throw error;
  }
  const { facts } = checkpoint;
  if (!isTrainingFacts(facts)) {
    throw new AntipodeError('format', `${path}: is not the checkpoint of a training of a sparse autoencoder`);
  }
  const before: Record<string, unknown> = { ...facts.settings, dIn: facts.dIn };
  for (const [name, value] of Object.entries({ ...settings, dIn })) {
    if (before[name] === value || name === 'checkpointEvery') continue;
    throw new AntipodeError(
      'usage',
      `${path}: is of a training with other settings (${name} was ${String(before[name])}, is ${String(value)})`,
      { hint: 'use the same settings to go on, or another folder to start anew' },
    );
  }
  return { facts, checkpoint, path };
}

function isTrainingFacts(value: unknown): value is TrainingFacts {
  if (typeof value !== 'object' || value === null) return false;
  const { settings, firing, step, scale, variance, last } = value as Partial<TrainingFacts>;
  const isRecord = (one: unknown): boolean => typeof one === 'object' && one !== null;
  return (
    [settings, firing, last].every(isRecord) &&
    [step, firing?.steps, firing?.counted].every(
      (count) => Number.isSafeInteger(count) && Number(count) >= 0,
    ) &&
    [scale, variance].every((number) => typeof number === 'number' && number > 0) &&
    Number(step) <= Number(settings?.steps)
  );
}

/** Puts what was saved back. */
export function restoreTraining(
  { facts, checkpoint, path }: SavedTraining,
  { session, firing }: Omit<TrainingState, 'curve'>,
): void {
  for (const spec of session.state) session.write(spec.name, checkpointTensor(path, checkpoint, spec));
  const shape = [firing.since.length];
  firing.since.set(checkpointTensor(path, checkpoint, { name: 'firing.since', shape }));
  firing.fired.set(checkpointTensor(path, checkpoint, { name: 'firing.fired', shape }));
  firing.counted = facts.firing.counted;
  firing.threshold = facts.firing.threshold ?? Number.NaN;
  firing.steps = facts.firing.steps;
}
