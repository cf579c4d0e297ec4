/**
 * @file Runs the steps of a training: what each is fed by its number, and which of two graphs over the same state it takes. The one with the auxiliary
 * loss is made when a latent is dead for the first time, and taken while any is.
 */

import { totalmem } from 'node:os';
import { AntipodeError } from '../../errors.ts';
import { elements } from '../../onnx/gradients/tape.ts';
import { biasCorrection, type StateSpec } from '../step/optimiser.ts';
import { learningRate, type Schedule } from '../step/schedule.ts';
import { type Feed, openStepSession, type StepSession } from '../step/step_session.ts';
import { countFiring, type Firing, markDead } from './firing.ts';
import { type ResolvedSettings, scheduleOf, sparsityAt } from './settings.ts';
import { buildStepGraph, type StepGraph } from './step_graph.ts';

export interface StepRunnerOptions {
  readonly settings: ResolvedSettings;
  readonly dIn: number;
  /** Counted along. */
  readonly firing: Firing;
  readonly calibration: { readonly scale: number; readonly variance: number };
  readonly threads?: number | undefined;
}

export interface StepOutcome {
  /** Per element, in training's units, all terms together. */
  readonly loss: number;
  /** Mean squared error per element, in training's units. */
  readonly reconstruction: number;
  /** Mean number of active latents per activation. */
  readonly l0: number;
  /** Latents that counted as dead in this step. */
  readonly dead: number;
  readonly learningRate: number;
  /** Joint norm of all gradients before clipping. */
  readonly gradientNorm: number;
}

/** Of the last threshold: values above it are the candidates for the next one (`topOfBatch`). */
const CANDIDATE_SHARE = 0.85;

/** Clips nothing, and still has the norm computed, which tells a divergence in the step where it happens. */
const NO_LIMIT = 1e30;

/** @throws {AntipodeError} `resource` where this machine has less memory than the state and a step take */
export async function openStepRunner(options: StepRunnerOptions): Promise<StepRunner> {
  const { tape, state } = graphOf(options, false);
  checkMemory(options.settings, state);
  const session = await openStepSession(tape.encodeInPlace(), { state, threads: options.threads });
  return new StepRunner(options, session);
}

/** Asked for more than there is, the system ends the process without a word instead of refusing. */
function checkMemory({ batch, dSae }: ResolvedSettings, state: readonly StateSpec[]): void {
  const values = state.reduce((sum, { shape }) => sum + elements(shape), 0);
  // The state in two copies and as results of a step; gradients and what Adam makes of them; six arrays over the batch.
  const bytes = 4 * (4 * values + 6 * batch * dSae);
  const there = Math.min(totalmem(), process.constrainedMemory?.() || Number.POSITIVE_INFINITY);
  if (bytes <= there) return;
  const [needed, found] = [bytes, there].map((count) => `${(count / 2 ** 30).toFixed(1)} GiB`);
  throw new AntipodeError(
    'resource',
    `training: not enough memory (needs ${needed}, this machine has ${found})`,
    {
      hint: 'take a smaller --d-sae or --batch-size',
    },
  );
}

function graphOf({ settings, dIn }: StepRunnerOptions, revives: boolean): StepGraph {
  const { architecture, dSae, batch, k, bandwidth, beta1, beta2, epsilon } = settings;
  const auxK = Math.min(settings.auxK, dSae);
  const adam = { beta1, beta2, epsilon, maxGradientNorm: settings.maxGradientNorm || NO_LIMIT };
  return buildStepGraph({ architecture, dIn, dSae, batch, k, bandwidth, auxK, revives, adam });
}

export class StepRunner {
  readonly session: StepSession;
  readonly #options: StepRunnerOptions;
  readonly #schedule: Schedule;
  /** 1 for dead latents. */
  readonly #dead: Float32Array;
  #reviving: StepSession | undefined;
  #floor = 0;

  constructor(options: StepRunnerOptions, session: StepSession) {
    this.session = session;
    this.#options = options;
    this.#schedule = scheduleOf(options.settings);
    this.#dead = new Float32Array(options.settings.dSae);
  }

  /** @param x `[batch, d_in]`, as the model has them @param step counts from 1 */
  async step(x: Float32Array, step: number): Promise<StepOutcome> {
    const { firing, settings } = this.#options;
    const { architecture, batch, deadAfter, decayShare, steps } = settings;
    const rate = learningRate(step, this.#schedule);
    const dead = markDead(firing, deadAfter, this.#dead);
    const revives = dead > 0 && settings.auxK > 0 && settings.auxCoefficient > 0;
    const feeds = { ...this.#feeds(x, step, rate), ...(revives && this.#revivingFeeds()) };
    const results = ['loss', 'reconstruction', 'fired', 'gradient_norm'];
    if (architecture === 'batchtopk') results.push('smallest');
    const session = revives ? await this.#revivingSession() : this.session;
    const found = await session.run(feeds, results);
    const smallest = found['smallest']?.[0] ?? Number.NaN;
    if (smallest > 0) this.#floor = CANDIDATE_SHARE * smallest;
    const isCounted = step > steps * (1 - decayShare);
    return {
      loss: found['loss']![0]!,
      reconstruction: found['reconstruction']![0]!,
      l0: countFiring(firing, { fired: found['fired']!, batch, smallest, isCounted }),
      dead,
      learningRate: rate,
      gradientNorm: found['gradient_norm']![0]!,
    };
  }

  #feeds(x: Float32Array, step: number, rate: number): Record<string, Feed> {
    const { calibration, dIn, settings } = this.#options;
    const { architecture, batch } = settings;
    return {
      x: { shape: [batch, dIn], data: x },
      input_scale: scalar(calibration.scale),
      learning_rate: scalar(rate * biasCorrection(step, settings)),
      ...(architecture === 'batchtopk' && { candidate_floor: scalar(this.#floor) }),
      ...((architecture === 'jumprelu' || architecture === 'relu') && {
        sparsity: scalar(sparsityAt(step, settings, dIn)),
      }),
    };
  }

  #revivingFeeds(): Record<string, Feed> {
    const { calibration, settings } = this.#options;
    return {
      dead: { shape: [settings.dSae], data: this.#dead },
      // The main error is not divided by the variance of activations, so this one is multiplied with it.
      auxiliary: scalar(settings.auxCoefficient * calibration.variance),
    };
  }

  async #revivingSession(): Promise<StepSession> {
    this.#reviving ??= await this.session.also(graphOf(this.#options, true).tape.encodeInPlace());
    return this.#reviving;
  }

  async close(): Promise<void> {
    await this.#reviving?.close();
    await this.session.close();
  }
}

function scalar(value: number): Feed {
  return { shape: [], data: Float32Array.of(value) };
}
