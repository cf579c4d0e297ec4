/**
 * @file Trains a small Gemma 2 from rows of token ids. One ONNX graph per step; AdamW with a warm-up and half a cosine. The folder holds the checkpoint and the
 * loss curve; called again with the same folder, the training goes on from there. On one machine the same rows, settings and seed give the same bytes,
 * whatever the number of threads and whether or not it was interrupted. Leaves out mixed precision, dropout and several machines.
 */

import { join } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { ensureFolder } from '../../formats/atomic.ts';
import { withLock } from '../../formats/lock.ts';
import type { JsonRecord } from '../../lm/config/fields.ts';
import { runtimeFailure } from '../../lm/open_session.ts';
import { openStepSession, type StepSession } from '../step/step_session.ts';
import { type LossSession, openLossSession } from './held_out.ts';
import { type ParameterValues, parameterSpecs } from './parameters.ts';
import {
  adamOf,
  completeSettings,
  type LanguageModelSettings,
  type LanguageModelSettingsGiven,
} from './settings.ts';
import { buildStep } from './step_graphs.ts';
import { readTrainableConfig, type TrainableConfig } from './trainable_config.ts';
import type { TrainingRows } from './training_rows.ts';
import { restore, save, type TrainingIdentity, type TrainingState } from './training_state.ts';
import { trainStep } from './training_step.ts';

export interface LanguageModelTraining {
  readonly rows: TrainingRows;
  /** Rows that are not trained on, for the held-out loss; none where left out. Every look goes through all of them and is not interrupted. */
  readonly heldOut?: readonly ArrayLike<number>[];
  /** Fields of `config.json`, as transformers' Gemma2Config has them. */
  readonly config: JsonRecord;
  readonly settings: LanguageModelSettingsGiven;
  /** Gets `checkpoint.safetensors` and `loss.csv`; made where it is not there. */
  readonly folder: string;
  /** Default: ONNX Runtime's, the physical cores. */
  readonly threads?: number;
  /** Looked at between steps: the training then writes a checkpoint and ends. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LanguageModelProgress) => void;
}

export interface LanguageModelProgress {
  /** Steps done. */
  readonly step: number;
  readonly steps: number;
  /** Of this step's batch, in nats per token. */
  readonly loss: number;
  /** The last one looked at; undefined before the first, and without held-out rows. */
  readonly heldOutLoss: number | undefined;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export interface TrainedLanguageModel {
  readonly config: TrainableConfig;
  readonly settings: LanguageModelSettings;
  /** By Hugging Face's names, `[out, in]`. */
  readonly parameters: ParameterValues;
  /** Nats per token after the last step; NaN without held-out rows. */
  readonly heldOutLoss: number;
}

/**
 * @throws {AntipodeError} `usage` and `format` for settings, configuration, rows or a checkpoint that do not fit; `check` where loss or gradients stop
 * being numbers (the last checkpoint stays); `interrupted` behind a checkpoint; `resource` for a full disk
 */
export async function trainLanguageModel(training: LanguageModelTraining): Promise<TrainedLanguageModel> {
  const config = readTrainableConfig(training.config);
  const settings = completeSettings(training.settings, config.model);
  await ensureFolder(training.folder);
  return withLock(
    join(training.folder, 'training.lock'),
    () => run(training, { config, settings, rows: training.rows.identity }),
    { signal: training.signal },
  );
}

async function run(
  training: LanguageModelTraining,
  identity: TrainingIdentity,
): Promise<TrainedLanguageModel> {
  const { config, settings } = identity;
  const { folder, threads } = training;
  const request = {
    config: config.model,
    batch: { rows: settings.batchRows, columns: settings.contextLength },
  };
  const { model, state: stateSpecs } = buildStep(request, adamOf(settings));
  const specs = parameterSpecs(config.model);
  const failed = (error: unknown): never => {
    throw runtimeFailure('cannot load the training step', error);
  };
  const session = await openStepSession(model, { state: stateSpecs, threads }).catch(failed);
  const looker = await openLossSession(request, specs, threads).catch(failed);
  try {
    const state = await restore(folder, session, identity);
    await walk({ training, identity, session, looker, state });
    const heldOutLoss = await heldOutLossOf(training, looker, session);
    const parameters = new Map(specs.map(({ name }) => [name, session.read(name).slice()]));
    return { config, settings, parameters, heldOutLoss };
  } finally {
    await session.close();
    await looker.close();
  }
}

interface Walk {
  readonly training: LanguageModelTraining;
  readonly identity: TrainingIdentity;
  readonly session: StepSession;
  readonly looker: LossSession;
  readonly state: TrainingState;
}

/** All steps that are left, with checkpoints. */
async function walk(parts: Walk): Promise<void> {
  const { training, identity, session, state } = parts;
  const { settings } = identity;
  const { rows } = training;
  const step = { session, rows, settings, vocabSize: identity.config.model.vocabSize };
  const clock = createClock(settings, state.step);
  let heldOutLoss: number | undefined;
  while (state.step < settings.steps) {
    await stopIfAsked(parts);
    const { loss, norm, rate } = await trainStep({ ...step, step: state.step + 1 });
    state.step++;
    const isLast = state.step === settings.steps;
    const looks = (isLast || state.step % settings.heldOutEvery === 0) && (training.heldOut?.length ?? 0) > 0;
    if (looks) heldOutLoss = await heldOutLossOf(training, parts.looker, session);
    if (looks || isLast || state.step % settings.curveEvery === 0) {
      state.curve.add([state.step, loss, rate, norm, looks ? heldOutLoss! : Number.NaN]);
    }
    if (isLast || state.step % settings.checkpointEvery === 0)
      await save(training.folder, session, identity, state);
    training.onProgress?.({
      step: state.step,
      steps: settings.steps,
      loss,
      heldOutLoss,
      ...clock(state.step),
    });
  }
}

async function stopIfAsked({ identity, session, state, training }: Walk): Promise<void> {
  if (!training.signal?.aborted) return;
  await save(training.folder, session, identity, state);
  throw new AntipodeError(
    'interrupted',
    `${training.folder}: training stopped after step ${state.step} of ${identity.settings.steps}`,
    { hint: 'run the same command again to go on from there' },
  );
}

async function heldOutLossOf(
  { heldOut = [] }: LanguageModelTraining,
  looker: LossSession,
  session: StepSession,
): Promise<number> {
  return looker.lossOf(heldOut, (name) => session.read(name));
}

/** Speed since the start of this process's part. */
function createClock(
  { batchRows, contextLength, steps }: LanguageModelSettings,
  from: number,
): (step: number) => Pick<LanguageModelProgress, 'tokensPerSecond' | 'secondsLeft'> {
  const start = performance.now();
  return (step) => {
    const perStep = (performance.now() - start) / 1000 / (step - from);
    return { tokensPerSecond: (batchRows * contextLength) / perStep, secondsLeft: perStep * (steps - step) };
  };
}
