/**
 * @file Which feature steers towards each of two poles, and how strongly: candidates by their activations on greetings, strengths from a short list, measured
 * on replies whose seeds are used for nothing else. What is reported afterwards comes from other seeds.
 */

import type { MoodFeature } from '../catalogue/mood_features.ts';
import { createArms } from './arms.ts';
import { type ArmResult, type MeasureOptions, measureArms } from './measure_arms.ts';

export interface SteeringCandidate {
  readonly layer: number;
  readonly a: number;
  readonly b: number;
  /** Length of what is added for one feature, over the mean norm of the residual stream there. */
  readonly relativeStrength: number;
}

export interface ChosenSteering extends SteeringCandidate {
  /** On the seeds of the choice: the smaller of the shares of +a and +b that end up as their own pole. */
  readonly ownShare: number;
  /** The larger of the two arms' unsteered loss per token over that of no steering. */
  readonly lossRatio: number;
}

export interface ChooseSteeringOptions extends Omit<MeasureOptions, 'arms' | 'layer'> {
  readonly layer: number;
  readonly candidates: { readonly a: readonly MoodFeature[]; readonly b: readonly MoodFeature[] };
  readonly relativeStrengths: readonly number[];
  /** Mean norm of the residual stream at the layer. */
  readonly meanNorm: number;
  /** Of a feature's decoder row, `[d_model]`. */
  readonly direction: (feature: number) => Float32Array;
}

/** An arm may say things at most this much less likely than no steering does, per token: below the limit of 2, with room for other seeds. */
const MAX_LOSS_RATIO = 1.8;

interface Side {
  readonly feature: number;
  readonly relativeStrength: number;
  readonly ownShare: number;
  readonly lossRatio: number;
}

/**
 * Each side's feature and the one strength for both with the largest share of own replies among those whose loss stays below the limit; where none does,
 * the one with the smallest loss.
 */
export async function chooseSteering(options: ChooseSteeringOptions): Promise<ChosenSteering> {
  const [a, b] = [await measureSide(options, 'a'), await measureSide(options, 'b')];
  const found = options.relativeStrengths.map((relativeStrength) => {
    const [bestA, bestB] = [bestOf(a, relativeStrength), bestOf(b, relativeStrength)];
    return {
      layer: options.layer,
      a: bestA.feature,
      b: bestB.feature,
      relativeStrength,
      ownShare: Math.min(bestA.ownShare, bestB.ownShare),
      lossRatio: Math.max(bestA.lossRatio, bestB.lossRatio),
    };
  });
  return preferred(found);
}

/** The better of two that were chosen, as at different layers. */
export function preferred<Found extends { readonly ownShare: number; readonly lossRatio: number }>(
  found: readonly Found[],
): Found {
  const fluent = found.filter(({ lossRatio }) => lossRatio <= MAX_LOSS_RATIO);
  const [best] =
    fluent.length > 0
      ? [...fluent].sort((x, y) => y.ownShare - x.ownShare || x.lossRatio - y.lossRatio)
      : [...found].sort((x, y) => x.lossRatio - y.lossRatio);
  if (!best) throw new Error('internal: nothing to choose from');
  return best;
}

function bestOf(sides: readonly Side[], relativeStrength: number): Side {
  return preferred(sides.filter((side) => side.relativeStrength === relativeStrength));
}

async function measureSide(options: ChooseSteeringOptions, side: 'a' | 'b'): Promise<Side[]> {
  const { candidates, direction, meanNorm, relativeStrengths, replies } = options;
  const [none] = await measureArms({ ...options, arms: [{ name: 'none', vector: zeros(options) }] });
  const settings = candidates[side].flatMap(({ feature }) =>
    relativeStrengths.map((relativeStrength) => ({ feature, relativeStrength })),
  );
  const arms = settings.map(({ feature, relativeStrength }) => {
    const rows = { a: direction(feature), b: direction(feature), strength: relativeStrength * meanNorm };
    const [arm] = createArms({ ...rows, randomDirections: 0, seed: 0 }).filter(({ name }) => name === '+a');
    return arm!;
  });
  const results = await measureArms({ ...options, arms });
  return settings.map((setting, index) => ({
    ...setting,
    ownShare: endsIn(results[index]!, side) / replies,
    lossRatio: results[index]!.unsteeredNll / none!.unsteeredNll,
  }));
}

function zeros({ candidates, direction }: ChooseSteeringOptions): Float32Array {
  return new Float32Array(direction(candidates.a[0]!.feature).length);
}

/** Replies that stay with the pole from first to last. */
function endsIn({ counts }: ArmResult, side: 'a' | 'b'): number {
  return counts[side];
}
