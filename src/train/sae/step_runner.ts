/**
 * @file Runs the steps of a training: what each is fed by its number, and which of two graphs over the same state it takes. The one with the auxiliary
 * loss is made when a latent is dead for the first time, and taken while any is.
 */

import { biasCorrection } from '../step/optimiser.ts';
import { learningRate } from '../step/schedule.ts';
import { type Feed, openStepSession, type StepSession } from '../step/step_session.ts';
import { countFiring, type Firing, markDead } from './firing.ts';
import { type ResolvedSettings, scheduleOf, sparsityAt } from './settings.ts';
import { buildStepGraph } from './step_graph.ts';

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
  /** Joint norm of all gradients before clipping; NaN where nothing is clipped. */
  readonly gradientNorm: number;
}

export interface StepRunner {
  readonly session: StepSession;
  /** @param x `[batch, d_in]`, as the model has them @param step counts from 1 */
  step(x: Float32Array, step: number): Promise<StepOutcome>;
  close(): Promise<void>;
}

/** Of the last threshold: values above it are the candidates for the next one (`topOfBatch`). */
const CANDIDATE_SHARE = 0.85;

export async function openStepRunner(options: StepRunnerOptions): Promise<StepRunner> {
  const { settings, dIn, firing, threads } = options;
  const { architecture, batch, dSae, k, bandwidth, maxGradientNorm } = settings;
  const { beta1, beta2, epsilon } = settings;
  const adam = { beta1, beta2, epsilon, ...(maxGradientNorm > 0 && { maxGradientNorm }) };
  const auxK = Math.min(settings.auxK, dSae);
  const graph = (revives: boolean): ReturnType<typeof buildStepGraph> =>
    buildStepGraph({ architecture, dIn, dSae, batch, k, bandwidth, auxK, revives, adam });
  const plain = graph(false);
  const session = await openStepSession(plain.tape.encode(), { state: plain.state, threads });
  let reviving: StepSession | undefined;
  const schedule = scheduleOf(settings);
  const dead = new Float32Array(dSae);
  const results = ['loss', 'reconstruction', 'fired'];
  if (architecture === 'batchtopk') results.push('smallest');
  if (maxGradientNorm > 0) results.push('gradient_norm');
  let floor = 0;

  const feedsAt = (x: Float32Array, step: number, rate: number): Record<string, Feed> => ({
    x: { shape: [batch, dIn], data: x },
    input_scale: scalar(options.calibration.scale),
    learning_rate: scalar(rate * biasCorrection(step, adam)),
    ...(architecture === 'batchtopk' && { candidate_floor: scalar(floor) }),
    ...((architecture === 'jumprelu' || architecture === 'relu') && {
      sparsity: scalar(sparsityAt(step, settings, dIn)),
    }),
  });
  return {
    session,
    async step(x, step) {
      const rate = learningRate(step, schedule);
      const feeds = feedsAt(x, step, rate);
      const isReviving = auxK > 0 && settings.auxCoefficient > 0;
      const deadCount = markDead(firing, settings.deadAfter, dead);
      if (isReviving && deadCount > 0) {
        reviving ??= await session.also(graph(true).tape.encode());
        feeds['dead'] = { shape: [dSae], data: dead };
        feeds['auxiliary'] = scalar(settings.auxCoefficient * options.calibration.variance);
      }
      const runs = feeds['dead'] === undefined ? session : reviving!;
      const found = await runs.run(feeds, results);
      const smallest = found['smallest']?.[0] ?? Number.NaN;
      if (smallest > 0) floor = CANDIDATE_SHARE * smallest;
      const isCounted = step > settings.steps * (1 - settings.decayShare);
      return {
        loss: found['loss']![0]!,
        reconstruction: found['reconstruction']![0]!,
        l0: countFiring(firing, { fired: found['fired']!, batch, smallest, isCounted }),
        dead: deadCount,
        learningRate: rate,
        gradientNorm: found['gradient_norm']?.[0] ?? Number.NaN,
      };
    },
    async close() {
      await reviving?.close();
      await session.close();
    },
  };
}

function scalar(value: number): Feed {
  return { shape: [], data: Float32Array.of(value) };
}
