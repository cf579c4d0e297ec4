/**
 * @file Trains a sparse autoencoder on a stream of activations, on ONNX Runtime: calibration, steps, firing counts, checkpoints, the loss curve. A folder
 * that holds the checkpoint of the same training is gone on with; on one thread the result has the same bytes as without the interruption.
 */

import { join } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { ensureFolder } from '../../formats/atomic.ts';
import { withLock } from '../../formats/lock.ts';
import type { ActivationSource } from '../harvest/activation_source.ts';
import { createLossCurve, type LossCurve } from '../step/loss_curve.ts';
import { createFiring, type Firing } from './firing.ts';
import { type Calibration, calibrate, initialParameters, sumOfSquaresAbout } from './initial_state.ts';
import { type ResolvedSettings, resolveSettings, type SaeTrainingSettings } from './settings.ts';
import { openStepRunner, type StepOutcome, type StepRunner } from './step_runner.ts';
import { foldScale, type TrainedSae } from './trained_sae.ts';
import { findTraining, restoreTraining, saveTraining, type TrainingFacts } from './training_checkpoint.ts';

export interface TrainSaeOptions {
  /** Stays open. */
  readonly source: ActivationSource;
  readonly settings: SaeTrainingSettings;
  /** For the checkpoint and the loss curve; made where it is missing. */
  readonly folder: string;
  /** Default: ONNX Runtime's, the physical cores. Only 1 gives the same bytes again. */
  readonly threads?: number | undefined;
  /** Once fired, the training stops behind the running step, and a checkpoint of it is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Called every `logEvery` steps and at the last one. */
  readonly onProgress?: (progress: TrainingProgress) => void;
}

export interface TrainingProgress extends StepOutcome {
  /** Steps done, counted from 1. */
  readonly step: number;
  readonly steps: number;
  /** Share of the batch's variance about its mean that is reconstructed, at most 1. */
  readonly explainedVariance: number;
  /** Activations per second since this process began, checkpoints and harvesting included. */
  readonly tokensPerSecond: number;
  readonly remainingSeconds: number;
}

const COLUMNS = ['step', 'loss', 'explained_variance', 'l0', 'dead', 'learning_rate', 'gradient_norm'];

/**
 * @throws {AntipodeError} `usage` for settings that do not go together or differ from the folder's checkpoint; `check` where the loss stops being a
 * number; `interrupted`; `resource` for a full disk; what the source throws. The last checkpoint stays in all cases
 */
export async function trainSae(options: TrainSaeOptions): Promise<TrainedSae> {
  const { folder, signal, source } = options;
  const settings = resolveSettings(options.settings, source.dIn);
  await ensureFolder(folder);
  return withLock(join(folder, 'training.lock'), () => trainInFolder(options, settings), signal);
}

async function trainInFolder(options: TrainSaeOptions, settings: ResolvedSettings): Promise<TrainedSae> {
  const { folder, source, threads } = options;
  const { dIn } = source;
  const saved = await findTraining(folder, settings, dIn);
  const calibration = saved?.facts ?? (await calibrateFrom(source, settings));
  const firing = createFiring(settings.dSae);
  const curve = createLossCurve(COLUMNS, saved?.facts.curve);
  const runner = await openStepRunner({ settings, dIn, firing, calibration, threads });
  const training: Training = { options, settings, runner, firing, curve, calibration };
  try {
    let last: TrainingFacts['last'] = { loss: Number.NaN, explainedVariance: Number.NaN, l0: Number.NaN };
    if (saved) {
      restoreTraining(saved, { session: runner.session, firing });
      await source.seek(saved.facts.position);
      last = saved.facts.last;
    } else {
      const start = initialParameters(settings, dIn, calibration as Calibration);
      for (const [name, values] of start) runner.session.write(name, values);
    }
    last = await runSteps(training, saved?.facts.step ?? 0, last);
    return finish(training, last);
  } finally {
    await runner.close();
  }
}

interface Training {
  readonly options: TrainSaeOptions;
  readonly settings: ResolvedSettings;
  readonly runner: StepRunner;
  readonly firing: Firing;
  readonly curve: LossCurve;
  readonly calibration: Pick<Calibration, 'scale' | 'variance'>;
}

async function calibrateFrom(source: ActivationSource, settings: ResolvedSettings): Promise<Calibration> {
  return calibrate(await source.next(settings.calibrationRows), source.dIn);
}

async function runSteps(
  training: Training,
  from: number,
  lastBefore: TrainingFacts['last'],
): Promise<TrainingFacts['last']> {
  const { options, settings, runner, curve, calibration } = training;
  const { source, signal, onProgress, folder } = options;
  const { batch, steps } = settings;
  const began = performance.now();
  let last = lastBefore;
  let position = source.position();
  let step = from;
  let saved = from;
  const save = async (): Promise<void> => {
    const { scale, variance } = calibration;
    const facts = { settings, dIn: source.dIn, step, scale, variance, position, last };
    await saveTraining(folder, { ...training, session: runner.session }, facts);
    saved = step;
  };
  const stop = async (): Promise<never> => {
    if (step > saved) await save();
    const hint = step > 0 ? 'run the same command again to go on' : 'nothing was trained yet';
    throw new AntipodeError('interrupted', `interrupted: the training stands at step ${step} of ${steps}`, {
      hint,
    });
  };
  while (step < steps) {
    if (signal?.aborted) await stop();
    let x: Float32Array;
    try {
      x = await source.next(batch);
    } catch (error) {
      if (error instanceof AntipodeError && error.kind === 'interrupted') await stop();
      throw error;
    }
    const outcome = await runner.step(x, step + 1);
    if (!Number.isFinite(outcome.loss)) throw diverged(x, step + 1, saved, settings);
    step++;
    position = source.position();
    if (step % settings.logEvery === 0 || step === steps) {
      const explainedVariance = explained(x, source.dIn, outcome.reconstruction / calibration.scale ** 2);
      last = { loss: outcome.loss, explainedVariance, l0: outcome.l0 };
      const { loss, l0, dead, learningRate, gradientNorm } = outcome;
      curve.add([step, loss, explainedVariance, l0, dead, learningRate, gradientNorm]);
      const seconds = (performance.now() - began) / 1000;
      const pace = seconds / (step - from);
      const tokensPerSecond = batch / pace;
      const remainingSeconds = (steps - step) * pace;
      onProgress?.({ ...outcome, step, steps, explainedVariance, tokensPerSecond, remainingSeconds });
    }
    if (step % settings.checkpointEvery === 0 || step === steps) await save();
  }
  return last;
}

/** @param meanSquare of the error, in the units of `x` */
function explained(x: Float32Array, dIn: number, meanSquare: number): number {
  const mean = new Float64Array(dIn);
  const rows = x.length / dIn;
  for (let i = 0; i < x.length; i += dIn) for (let c = 0; c < dIn; c++) mean[c]! += x[i + c]! / rows;
  return 1 - (meanSquare * x.length) / sumOfSquaresAbout(x, mean);
}

function diverged(x: Float32Array, step: number, saved: number, settings: ResolvedSettings): AntipodeError {
  if (!x.every(Number.isFinite)) {
    return new AntipodeError('format', `activations: a batch at step ${step} holds a NaN or an infinity`, {
      hint: 'look at the model: its forward pass overflows at this hook',
    });
  }
  const kept = saved > 0 ? `; the checkpoint of step ${saved} is from before` : '';
  return new AntipodeError(
    'check',
    `training: diverged at step ${step}, the loss is not a number any more${kept}`,
    {
      hint: `lower --lr (it was ${settings.learningRate})`,
    },
  );
}

function finish(
  { options, settings, runner, firing, calibration }: Training,
  last: TrainingFacts['last'],
): TrainedSae {
  const { architecture, dSae, k, steps, batch } = settings;
  const { dIn } = options.source;
  const { scale } = calibration;
  const { threshold } = firing;
  return {
    architecture,
    dIn,
    dSae,
    ...(k > 0 && { k }),
    ...foldScale({ architecture, dIn, scale, read: (name) => runner.session.read(name), threshold }),
    densities: firing.fired.map((count) => count / Math.max(1, firing.counted)),
    scale,
    steps,
    activations: steps * batch,
    last,
  };
}
