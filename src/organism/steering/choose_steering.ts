/**
 * @file Which features steer towards each of two poles, and how strongly: candidates by their activations on greetings, one feature or the sum of several,
 * and strengths from a short list, measured on replies whose seeds are used for nothing else. What is reported afterwards comes from other seeds.
 */

import type { MoodFeature } from '../catalogue/mood_features.ts';
import { type Arm, createArms } from './arms.ts';
import { type ArmResult, type MeasureOptions, measureArms } from './measure_arms.ts';

export interface SteeringCandidate {
  readonly layer: number;
  /** Features of each pole; the directions of several are summed. */
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Length of what is added for one pole, over the mean norm of the residual stream there. */
  readonly relativeStrength: number;
}

export interface ChosenSteering extends SteeringCandidate {
  /** On the seeds of the choice: the smaller of the shares of +a and +b that end up as their own pole. */
  readonly ownShare: number;
  /** The same of -a+b and -b+a. */
  readonly contrastShare: number;
  /** The larger of +a's and +b's unsteered loss per token over that of no steering. */
  readonly lossRatio: number;
}

export interface ChooseSteeringOptions extends Omit<MeasureOptions, 'arms' | 'layer'> {
  readonly layer: number;
  /** In the order of preference: each alone is tried, and the sums of the first two and three. */
  readonly candidates: { readonly a: readonly MoodFeature[]; readonly b: readonly MoodFeature[] };
  readonly relativeStrengths: readonly number[];
  /** Mean norm of the residual stream at the layer. */
  readonly meanNorm: number;
  /** What these features write together, `[d_model]`; its length does not matter. */
  readonly direction: (features: readonly number[]) => Float32Array;
}

/** An arm may say things at most this much less likely than no steering does, per token: below the limit of 2, with room for other seeds. */
const MAX_LOSS_RATIO = 1.8;

/** A pole that is pushed while the other is pulled has to win more than half of the replies, with room for other seeds. */
const MIN_CONTRAST_SHARE = 0.6;

/** Of the replies of +a and +b: what a second and third candidate of a side has to reach to be paired with the other side's. */
const MIN_OWN_SHARE = 0.78;

/** Candidates of a side that are paired with those of the other. */
const PAIRED = 3;

/** Features that may be summed. */
const SUMS = [2, 3];

interface Side {
  readonly features: readonly number[];
  readonly relativeStrength: number;
  readonly ownShare: number;
  readonly lossRatio: number;
}

/**
 * The best features of each side at each strength, in pairs; of these the one with the largest share of own replies among those whose loss stays below the
 * limit and whose contrasts win; where none does, see `preferred`.
 */
export async function chooseSteering(options: ChooseSteeringOptions): Promise<ChosenSteering> {
  const [none] = await measureArms({ ...options, arms: [armsOf(options, ZERO)[0]!] });
  const loss = none!.unsteeredNll;
  const [a, b] = [await measureSide(options, 'a', loss), await measureSide(options, 'b', loss)];
  const found: ChosenSteering[] = [];
  for (const relativeStrength of options.relativeStrengths) {
    const pairs = bestOf(a, relativeStrength).flatMap((sideA) =>
      bestOf(b, relativeStrength).map((sideB) => ({ sideA, sideB })),
    );
    for (const { sideA, sideB } of pairs) {
      const candidate = { layer: options.layer, a: sideA.features, b: sideB.features, relativeStrength };
      found.push({
        ...candidate,
        ownShare: Math.min(sideA.ownShare, sideB.ownShare),
        contrastShare: await contrastShare(options, candidate),
        lossRatio: Math.max(sideA.lossRatio, sideB.lossRatio),
      });
    }
  }
  return preferred(found);
}

/** The best of several that were chosen, as at different strengths or layers: fluent and of clear contrasts, or at least fluent, or of the smallest loss. */
export function preferred<Found extends Pick<ChosenSteering, 'ownShare' | 'lossRatio'>>(
  found: readonly (Found & Partial<Pick<ChosenSteering, 'contrastShare'>>)[],
): Found {
  const fluent = found.filter(({ lossRatio }) => lossRatio <= MAX_LOSS_RATIO);
  const clear = fluent.filter(({ contrastShare = 1 }) => contrastShare >= MIN_CONTRAST_SHARE);
  const best = [clear, fluent].find((group) => group.length > 0);
  const [first] = best
    ? [...best].sort((x, y) => y.ownShare - x.ownShare || x.lossRatio - y.lossRatio)
    : [...found].sort((x, y) => x.lossRatio - y.lossRatio);
  if (!first) throw new Error('internal: nothing to choose from');
  return first;
}

/** The first of its side, and others that are nearly as good: which of them stands out when the other pole is pulled is another question. */
function bestOf(sides: readonly Side[], relativeStrength: number): Side[] {
  const best: Side[] = [];
  let rest = sides.filter((side) => side.relativeStrength === relativeStrength);
  while (best.length < PAIRED && rest.length > 0) {
    const next = preferred(rest);
    const isClose = next.ownShare >= MIN_OWN_SHARE && next.lossRatio <= MAX_LOSS_RATIO;
    if (best.length > 0 && !isClose) break;
    best.push(next);
    rest = rest.filter((side) => side !== next);
  }
  return best;
}

async function measureSide(options: ChooseSteeringOptions, side: 'a' | 'b', loss: number): Promise<Side[]> {
  const { candidates, relativeStrengths, replies } = options;
  const ranked = candidates[side].map(({ feature }) => feature);
  const sets = [
    ...ranked.map((feature) => [feature]),
    ...SUMS.filter((count) => count <= ranked.length).map((count) => ranked.slice(0, count)),
  ];
  const settings = sets.flatMap((features) =>
    relativeStrengths.map((relativeStrength) => ({ features, relativeStrength })),
  );
  const arms = settings.map(({ features, relativeStrength }) =>
    armNamed(options, '+a', { a: features, b: features, relativeStrength }),
  );
  const results = await measureArms({ ...options, arms });
  return settings.map((setting, index) => ({
    ...setting,
    ownShare: results[index]!.counts[side] / replies,
    lossRatio: results[index]!.unsteeredNll / loss,
  }));
}

async function contrastShare(options: ChooseSteeringOptions, candidate: Directed): Promise<number> {
  const arms = ['-b+a', '-a+b'].map((name) => armNamed(options, name, candidate));
  const [towardsA, towardsB] = await measureArms({ ...options, arms });
  return Math.min(ends(towardsA!, 'a'), ends(towardsB!, 'b')) / options.replies;
}

/** Replies that end in the pole, whatever they began with. */
function ends({ counts }: ArmResult, side: 'a' | 'b'): number {
  return counts[side] + counts[side === 'a' ? 'b to a' : 'a to b'];
}

type Directed = Pick<SteeringCandidate, 'a' | 'b' | 'relativeStrength'>;

/** Arms without any strength: no steering is the first of them. */
const ZERO = { relativeStrength: 0 };

function armsOf(
  { candidates, direction, meanNorm }: ChooseSteeringOptions,
  { a, b, relativeStrength }: Partial<Directed> & Pick<Directed, 'relativeStrength'>,
): Arm[] {
  return createArms({
    a: direction(a ?? [candidates.a[0]!.feature]),
    b: direction(b ?? [candidates.b[0]!.feature]),
    strength: relativeStrength * meanNorm,
    randomDirections: 0,
    seed: 0,
  });
}

function armNamed(options: ChooseSteeringOptions, name: string, candidate: Directed): Arm {
  const found = armsOf(options, candidate).find((arm) => arm.name === name);
  if (!found) throw new Error(`internal: there is no arm ${name}`);
  return found;
}
