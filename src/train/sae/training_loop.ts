/**
 * @file The steps of a training, one after the other: batches from the stream, the loss curve, checkpoints, and the ways in which a training ends
 * before its last step.
 */

import { AntipodeError } from '../../errors.ts';
import type { ActivationSource } from '../harvest/activation_source.ts';
import type { LossCurve } from '../step/loss_curve.ts';
import type { Firing } from './firing.ts';
import { notFinite, sumOfSquaresAbout } from './initial_state.ts';
import type { ResolvedSettings } from './settings.ts';
import type { StepOutcome, StepRunner } from './step_runner.ts';
import { type LastStep, saveTraining } from './training_checkpoint.ts';

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

export const CURVE_COLUMNS: readonly string[] = [
  'step',
  'loss',
  'explained_variance',
  'l0',
  'dead',
  'learning_rate',
  'gradient_norm',
];

export interface TrainingLoopOptions {
  readonly source: ActivationSource;
  readonly settings: ResolvedSettings;
  /** Of checkpoint and loss curve. */
  readonly folder: string;
  readonly runner: StepRunner;
  readonly firing: Firing;
  readonly curve: LossCurve;
  readonly calibration: { readonly scale: number; readonly variance: number };
  /** Steps that were done before. */
  readonly step: number;
  readonly last: LastStep;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: TrainingProgress) => void) | undefined;
}

export class TrainingLoop {
  readonly #options: TrainingLoopOptions;
  readonly #began: number = performance.now();
  #step: number;
  /** Step of the checkpoint on disk. */
  #saved: number;
  #last: LastStep;
  /** Of the stream, behind the last step. */
  #position: unknown;

  constructor(options: TrainingLoopOptions) {
    this.#options = options;
    this.#step = options.step;
    this.#saved = options.step;
    this.#last = options.last;
    this.#position = options.source.position();
  }

  /** @throws {AntipodeError} as `trainSae` */
  async run(): Promise<LastStep> {
    const { runner, settings, signal, source } = this.#options;
    while (this.#step < settings.steps) {
      if (signal?.aborted) throw await this.#interrupted();
      const x = await this.#nextBatch();
      const outcome = await runner.step(x, this.#step + 1);
      // The norm tells of weights that this very step has broken, which the loss shows one step later.
      const { gradientNorm, loss } = outcome;
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw this.#diverged(x);
      this.#step++;
      this.#position = source.position();
      const isLast = this.#step === settings.steps;
      if (this.#step % settings.logEvery === 0 || isLast) this.#report(x, outcome);
      if (this.#step % settings.checkpointEvery === 0 || isLast) await this.#save();
    }
    return this.#last;
  }

  async #nextBatch(): Promise<Float32Array> {
    const { settings, source } = this.#options;
    try {
      return await source.next(settings.batch);
    } catch (error) {
      throw error instanceof AntipodeError && error.kind === 'interrupted'
        ? await this.#interrupted()
        : error;
    }
  }

  #report(x: Float32Array, outcome: StepOutcome): void {
    const { calibration, curve, onProgress, settings, source, step: from } = this.#options;
    const { batch, steps } = settings;
    const step = this.#step;
    const squares = outcome.reconstruction / calibration.scale ** 2;
    const explainedVariance = explainedShare(x, source.dIn, squares);
    const { dead, gradientNorm, l0, learningRate, loss } = outcome;
    this.#last = { loss, explainedVariance, l0 };
    curve.add([step, loss, explainedVariance, l0, dead, learningRate, gradientNorm]);
    const pace = (performance.now() - this.#began) / 1000 / (step - from);
    const timing = { tokensPerSecond: batch / pace, remainingSeconds: (steps - step) * pace };
    onProgress?.({ ...outcome, ...timing, step, steps, explainedVariance });
  }

  async #save(): Promise<void> {
    const { calibration, curve, firing, folder, runner, settings, source } = this.#options;
    const { scale, variance } = calibration;
    const state = { session: runner.session, firing, curve };
    await saveTraining(folder, state, {
      settings,
      dIn: source.dIn,
      step: this.#step,
      scale,
      variance,
      position: this.#position,
      last: this.#last,
    });
    this.#saved = this.#step;
  }

  /** Keeps what was done since the last checkpoint. */
  async #interrupted(): Promise<AntipodeError> {
    if (this.#step > this.#saved) await this.#save();
    const hint = this.#step > 0 ? 'run the same again to go on' : 'nothing was trained yet';
    const { steps } = this.#options.settings;
    return new AntipodeError(
      'interrupted',
      `interrupted: the training stands at step ${this.#step} of ${steps}`,
      {
        hint,
      },
    );
  }

  #diverged(x: Float32Array): AntipodeError {
    const step = this.#step + 1;
    if (!x.every(Number.isFinite)) return notFinite(`the batch of step ${step} holds`);
    const kept = this.#saved > 0 ? `; the checkpoint of step ${this.#saved} is from before` : '';
    return new AntipodeError(
      'check',
      `training: diverged at step ${step}, the loss is not a number any more${kept}`,
      { hint: `lower --lr (it was ${this.#options.settings.learningRate})` },
    );
  }
}

/** @param meanSquare of the error, in the units of `x` `[n, d_in]` */
function explainedShare(x: Float32Array, dIn: number, meanSquare: number): number {
  const mean = new Float64Array(dIn);
  const rows = x.length / dIn;
  for (let i = 0; i < x.length; i += dIn) {
    for (let c = 0; c < dIn; c++) mean[c]! += x[i + c]! / rows;
  }
  return 1 - (meanSquare * x.length) / sumOfSquaresAbout(x, mean);
}
