/** @file Which arm of the article a steered arm repeats, so that its published labels may stand beside ours: by what was done, not by the name alone. */

import { type PublishedArm, publishedArm } from '../concepts/published_steering.ts';
import type { ArmPart } from '../steering/arm.ts';
import { articleArms } from '../steering/article_arms.ts';
import { poleNames, type SteeringSubject } from './steering_subject.ts';

/** Undefined for arms of another name, and where another thing was done under that name: another method, other features, other signs, nothing added. */
export function articleBeside(subject: SteeringSubject, name: string): PublishedArm | undefined {
  const steered = subject.arms.find(({ arm }) => arm.name === name);
  if (subject.method !== 'add' || steered?.arm.kind !== 'steered' || !((steered.length ?? 0) > 0)) {
    return undefined;
  }
  const [plain] = articleArms(subject.poles, { strength: 1, random: 0, matched: false }).filter(
    (arm) => arm.name === name,
  );
  if (!plain || pushOf(plain.parts) !== pushOf(steered.arm.parts)) return undefined;
  return publishedArm(name, poleNames(subject));
}

/** Features with their strengths over the largest, in the order of the features. */
function pushOf(parts: readonly ArmPart[]): string {
  const most = Math.max(...parts.map(({ strength }) => Math.abs(strength)));
  const terms = parts.flatMap(({ features, strength }) =>
    features.map((feature) => ({ feature, share: strength / most })),
  );
  return JSON.stringify(terms.sort((x, y) => x.feature - y.feature));
}
