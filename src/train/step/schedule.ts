/** @file Learning rates over the steps of a training: a linear warm-up, and one of three ways down. */

export interface Schedule {
  /** Highest rate. */
  readonly peak: number;
  /** Steps all together. */
  readonly steps: number;
  /** Steps until the peak is reached; 0 starts there. */
  readonly warmupSteps: number;
  /** `cosine`: half a cosine from the end of the warm-up. `linear`: a straight line over the last steps. `constant`: stays. */
  readonly decay: 'cosine' | 'linear' | 'constant';
  /** Share of the steps, at the end, that the straight line takes; in (0, 1]. Default 1: all behind the warm-up. */
  readonly decayShare?: number;
  /** Share of the peak that is left at the last step, in [0, 1]. Default 0. */
  readonly floor?: number;
}

/** @param step counts from 1; the last one is `steps` */
export function learningRate(step: number, schedule: Schedule): number {
  const { decay, decayShare = 1, floor = 0, peak, steps, warmupSteps } = schedule;
  if (step <= warmupSteps) return (peak * step) / Math.max(1, warmupSteps);
  if (decay === 'constant') return peak;
  const start = decay === 'cosine' ? warmupSteps : Math.max(warmupSteps, steps * (1 - decayShare));
  const done = steps > start ? Math.min(1, Math.max(0, (step - start) / (steps - start))) : 1;
  const left = decay === 'cosine' ? (1 + Math.cos(Math.PI * done)) / 2 : 1 - done;
  return peak * (floor + (1 - floor) * left);
}
