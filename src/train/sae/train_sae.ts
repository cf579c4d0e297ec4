/**
 * @file Trains a sparse autoencoder on a stream of activations, on ONNX Runtime. A folder that holds the checkpoint of the same training is gone on
 * with; on one thread the result has the same bytes as without the interruption.
 */

import { join } from 'node:path';
import { ensureFolder } from '../../formats/atomic.ts';
import { withLock } from '../../formats/lock.ts';
import type { ActivationSource } from '../harvest/activation_source.ts';
import { createLossCurve } from '../step/loss_curve.ts';
import { createFiring, type Firing } from './firing.ts';
import { calibrate, initialParameters } from './initial_state.ts';
import { type ResolvedSettings, resolveSettings, type SaeTrainingSettings } from './settings.ts';
import { openStepRunner } from './step_runner.ts';
import { foldScale, type TrainedSae } from './trained_sae.ts';
import { findTraining, type LastStep, restoreTraining } from './training_checkpoint.ts';
import { CURVE_COLUMNS, TrainingLoop, type TrainingProgress } from './training_loop.ts';

export type { TrainingProgress } from './training_loop.ts';

export interface TrainSaeOptions {
  /** Stays open. */
  readonly source: ActivationSource;
  readonly settings: SaeTrainingSettings;
  /** For the checkpoint and the loss curve; made where it is missing. */
  readonly folder: string;
  /** Default: ONNX Runtime's, the physical cores. 1 and 2 gave the same bytes wherever it was tried; only 1 is sure to give them again. */
  readonly threads?: number | undefined;
  /** Once fired, the training stops behind the running step, and a checkpoint of it is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Called every `logEvery` steps and at the last one. */
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

/**
 * @throws {AntipodeError} `usage` for settings that do not go together or differ from the folder's checkpoint; `check` where the loss stops being a
 * number; `format` for activations that are none, or all alike; `interrupted`; `resource` for a full disk; what the source throws. The last
 * checkpoint stays in all cases
 */
export async function trainSae(options: TrainSaeOptions): Promise<TrainedSae> {
  const { folder, signal, source } = options;
  const settings = resolveSettings(options.settings, source.dIn);
  await ensureFolder(folder);
  return withLock(join(folder, 'training.lock'), () => trainInFolder(options, settings), { signal });
}

/** Before the first step. */
const NO_STEP: LastStep = { loss: Number.NaN, explainedVariance: Number.NaN, l0: Number.NaN };

async function trainInFolder(options: TrainSaeOptions, settings: ResolvedSettings): Promise<TrainedSae> {
  const { folder, onProgress, signal, source, threads } = options;
  const { dIn } = source;
  const saved = await findTraining(folder, settings, dIn);
  const fresh = saved ? undefined : calibrate(await source.next(settings.calibrationRows), dIn);
  const calibration = saved?.facts ?? fresh!;
  const firing = createFiring(settings.dSae);
  const curve = createLossCurve(CURVE_COLUMNS, saved?.facts.curve);
  const runner = await openStepRunner({ settings, dIn, firing, calibration, threads });
  try {
    const { session } = runner;
    if (fresh) {
      for (const [name, values] of initialParameters(settings, dIn, fresh)) session.write(name, values);
    }
    if (saved) {
      restoreTraining(saved, { session, firing });
      await source.seek(saved.facts.position);
    }
    const { step, last } = saved?.facts ?? { step: 0, last: NO_STEP };
    const common = { source, settings, folder, runner, firing, curve, calibration };
    const loop = new TrainingLoop({ ...common, step, last, signal, onProgress });
    const end = await loop.run();
    return resultOf({ settings, dIn, firing, scale: calibration.scale, last: end, read: session.read });
  } finally {
    await runner.close();
  }
}

interface Finished {
  readonly settings: ResolvedSettings;
  readonly dIn: number;
  readonly firing: Firing;
  readonly scale: number;
  readonly last: LastStep;
  readonly read: (name: string) => Float32Array;
}

function resultOf({ settings, dIn, firing, scale, last, read }: Finished): TrainedSae {
  const { architecture, batch, dSae, k, steps } = settings;
  const { counted, fired, threshold } = firing;
  return {
    architecture,
    dIn,
    dSae,
    ...(k > 0 && { k }),
    ...foldScale({ architecture, dIn, scale, read, threshold }),
    densities: fired.map((count) => count / Math.max(1, counted)),
    scale,
    steps,
    activations: steps * batch,
    last,
  };
}
