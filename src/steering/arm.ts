/**
 * @file The words of the steering experiment (METHOD, section 5): poles, arms, and how strength, method and positions are named. Data only: an arm says what
 * is asked for; `resolve_arms.ts` makes vectors and edits of it.
 */

/** One of two opposites, and the features that stand for it. */
export interface Pole {
  /** As it stands in labels, capitalised: `Happy`. */
  readonly name: string;
  /** Indices of one SAE, at least one, no duplicates. */
  readonly features: readonly number[];
}

export interface PolePair {
  readonly a: Pole;
  readonly b: Pole;
}

/**
 * What a strength counts. `absolute`: it multiplies each decoder row as it is stored (pyvene's `mag`). `max-activation`: the same, times the feature's largest
 * known activation (AxBench). `mean-norm`: the features' decoder rows are summed, and the sum gets the length strength x the mean norm of the residual stream.
 */
export const STRENGTH_UNITS = ['absolute', 'max-activation', 'mean-norm'] as const;
export type StrengthUnit = (typeof STRENGTH_UNITS)[number];

/**
 * h is the residual stream where the SAE reads, P the projection onto the span of the arm's decoder rows, c the signed strength.
 * `add`: h + sum of c W_dec[f]. `project-out`: (I - P) h, whatever the strength. `orthogonal`: (I - P) h + c P h, c a plain factor.
 * `clamp`: h + sum of (c - f(h)) W_dec[f] with f(h) the feature's activation there.
 */
export const STEER_METHODS = ['add', 'project-out', 'orthogonal', 'clamp'] as const;
export type SteerMethod = (typeof STEER_METHODS)[number];

/** `all`: the first token (BOS) included, as pyvene does. `no-special`: all but special tokens. `generated`: no token of the prompt. */
export const STEER_POSITIONS = ['all', 'no-special', 'generated'] as const;
export type SteerPositions = (typeof STEER_POSITIONS)[number];

/** Features that are steered together with one signed strength, such as those of a pole. */
export interface ArmPart {
  readonly features: readonly number[];
  /** In the unit of the run; negative pushes the other way. */
  readonly strength: number;
}

/**
 * `control`: no steering. `examples`: no steering either; what judges are shown, and take their thresholds from, and never label. `steered`: the parts.
 * `matched`: the parts, scaled to the mean length of the arms of one pole. `random`: a random unit direction (or, for `clamp`, random features) of that length.
 */
export type ArmKind = 'control' | 'examples' | 'steered' | 'matched' | 'random';

export interface Arm {
  /** Unique in a run: `control`, `examples`, `+Happy`, `-Happy+Sad`, `+Happy+Sad (matched)`, `random 1`; in sweeps with ` x0.5` and so on behind it. */
  readonly name: string;
  readonly kind: ArmKind;
  /** Empty for `control`, `examples` and `random`. */
  readonly parts: readonly ArmPart[];
  /** What `--strengths` multiplied the parts with; 1 without a sweep. */
  readonly factor: number;
}
