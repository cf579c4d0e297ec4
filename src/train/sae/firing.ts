/**
 * @file Which latents fire, over a training: activations since each fired last, how often it fired towards the end, and for BatchTopK the running mean
 * of the smallest kept pre-activation, which becomes the threshold of a JumpReLU (Bussmann et al. 2024, section 3.1).
 */

/** Share of the running mean that a step replaces, as in SAELens. */
const RATE = 0.01;

export interface Firing {
  /** Activations since each latent fired, `[d_sae]`. */
  readonly since: Float32Array;
  /** Activations on which each fired, of those counted, `[d_sae]`. */
  readonly fired: Float32Array;
  /** Activations counted in `fired`. */
  counted: number;
  /** NaN before the first step, and where the architecture has none. */
  threshold: number;
  /** Steps that went into the running mean. */
  steps: number;
}

export function createFiring(dSae: number): Firing {
  return {
    since: new Float32Array(dSae),
    fired: new Float32Array(dSae),
    counted: 0,
    threshold: Number.NaN,
    steps: 0,
  };
}

export interface StepFiring {
  /** Rows in which each latent was active, `[d_sae]`. */
  readonly fired: Float32Array;
  /** Rows of the step. */
  readonly batch: number;
  /** Smallest kept pre-activation; NaN where the architecture has none. */
  readonly smallest: number;
  /** Whether the step goes into `fired`, which shall describe the trained latents and not how they began. */
  readonly isCounted: boolean;
}

/** Counts a step. @returns mean L0 of its rows */
export function countFiring(firing: Firing, { fired, batch, smallest, isCounted }: StepFiring): number {
  let active = 0;
  for (let i = 0; i < fired.length; i++) {
    const count = fired[i]!;
    active += count;
    firing.since[i] = count > 0 ? 0 : firing.since[i]! + batch;
    if (isCounted) firing.fired[i]! += count;
  }
  if (isCounted) firing.counted += batch;
  firing.steps++;
  // The first steps are averaged evenly, so that no single one of them weighs for long.
  const rate = Math.max(RATE, 1 / firing.steps);
  firing.threshold = firing.steps === 1 ? smallest : firing.threshold + rate * (smallest - firing.threshold);
  return active / batch;
}

/** Writes 1 for latents that are dead and 0 for the others. @param after activations without firing @returns how many are dead */
export function markDead({ since }: Firing, after: number, target: Float32Array): number {
  let dead = 0;
  for (let i = 0; i < since.length; i++) {
    const isDead = since[i]! >= after ? 1 : 0;
    target[i] = isDead;
    dead += isDead;
  }
  return dead;
}
