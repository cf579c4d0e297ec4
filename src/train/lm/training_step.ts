/** @file One step of a training: its rows as a batch, its learning rate, and whether what comes back are numbers. */

import { AntipodeError } from '../../errors.ts';
import { runtimeFailure } from '../../lm/open_session.ts';
import { biasCorrection } from '../step/optimiser.ts';
import { learningRate } from '../step/schedule.ts';
import type { StepSession } from '../step/step_session.ts';
import { adamOf, type LanguageModelSettings } from './settings.ts';
import { type Batch, makeBatch, type TrainingRows } from './training_rows.ts';

export interface StepRequest {
  readonly session: StepSession;
  readonly rows: TrainingRows;
  readonly settings: LanguageModelSettings;
  readonly vocabSize: number;
  /** Counts from 1. */
  readonly step: number;
}

export interface StepNumbers {
  /** Nats per token of this batch, before the step. */
  readonly loss: number;
  /** Of all gradients together, before clipping. */
  readonly norm: number;
  /** Learning rate by the schedule. */
  readonly rate: number;
}

/** @throws {AntipodeError} as `makeBatch`; `check` where loss or gradients are no numbers; `resource` where ONNX Runtime fails */
export async function trainStep(request: StepRequest): Promise<StepNumbers> {
  const { session, settings, step } = request;
  const rate = rateAt(step, settings);
  const learning_rate = { shape: [], data: Float32Array.of(rate * biasCorrection(step, adamOf(settings))) };
  const feeds = { ...(await batchFeeds(request)), learning_rate };
  const found = await session.run(feeds, ['loss', 'gradient_norm']).catch((error: unknown) => {
    throw runtimeFailure('cannot run a training step', error);
  });
  const [loss, norm] = [found['loss']![0]!, found['gradient_norm']![0]!];
  if (Number.isFinite(loss) && Number.isFinite(norm)) return { loss, norm, rate };
  const what = Number.isFinite(loss) ? `the gradient's norm is ${norm}` : `the loss is ${loss}`;
  throw new AntipodeError('check', `training: ${what} at step ${step}`, {
    hint: `take a lower learning rate (now ${settings.learningRate}) and another folder`,
  });
}

async function batchFeeds({ rows, settings, step, vocabSize }: StepRequest): Promise<Batch['feeds']> {
  const { batchRows, contextLength } = settings;
  const first = (step - 1) * batchRows;
  const wanted = Array.from({ length: batchRows }, (_, i) => rows.row(first + i));
  const shape = { rows: batchRows, columns: contextLength };
  return makeBatch(await Promise.all(wanted), { shape, vocabSize }, first).feeds;
}

function rateAt(step: number, settings: LanguageModelSettings): number {
  const { finalRate, learningRate: peak, steps, warmupSteps } = settings;
  return learningRate(step, { peak, steps, warmupSteps, decay: 'cosine', floor: finalRate });
}
