/** @file The two large tables of the README: features by pole, and replies by arm of the steering. */

import { POLES } from '../grammar/concepts.ts';
import { STEERING_LABELS, type SteeringLabel } from '../steering/judge.ts';
import type { CardSae, OrganismCard } from './card.ts';
import { fixed, markdownTable, percent } from './card_format.ts';
import type { SteeredPole, SteeringResult } from './steering_stage.ts';

/** One row per pole, one column per SAE. */
export function poleTable({ saes }: OrganismCard): string {
  const rows = POLES.map(({ id, label }) => [label, ...saes.map((sae) => cellOf(sae, id))]);
  return markdownTable(['pole', ...saes.map(({ id }) => `\`${id}\``)], rows);
}

const SHOWN_WORDS = 3;

function cellOf({ catalogue }: CardSae, pole: string): string {
  const found = catalogue.poles.find((one) => one.pole === pole);
  const [first] = found?.features ?? [];
  if (!found || !first) return '';
  const { feature, reporting, selection, topWords } = first;
  const more = found.pure > 1 ? `, ${found.pure - 1} more` : '';
  const broken = selection.isPure ? (reporting.isPure ? '' : ' (not kept)') : ' (nearest)';
  return `${feature}: ${fixed(selection.share, 2)}, ${fixed(reporting.share, 2)}${broken}; ${topWords.slice(0, SHOWN_WORDS).join(', ')}${more}`;
}

export function steeringText({ settings, steering, steeringChoice }: OrganismCard): string {
  const { a, arms, b, layer, prompt, replies, strength } = steering;
  const { chosen, perLayer } = steeringChoice;
  const { choice, reporting, temperature } = settings.steering;
  const of = ({ features, label }: SteeredPole): string => `${label} (${features.join(' + ')})`;
  const rows = arms.map(({ counts, name, unsteeredNll }) => [
    shownArm(name, steering),
    ...STEERING_LABELS.map((label) => String(counts[label])),
    fixed(unsteeredNll, 2),
  ]);
  const examples = arms.map(
    ({ examples: texts, name }) => `- ${shownArm(name, steering)}: ${texts.map(quoted).join(' ')}`,
  );
  const tried = perLayer.map((one) => `layer ${one.layer}: ${percent(one.ownShare, 0)}`).join(', ');
  return `Candidates were the ${choice.candidates} features per pole and layer that are most active, and most for this mood alone, on the words of a greeting behind it: what steers has to act where
nothing of the mood is said. Each alone, the sums of the first two and three, and the strengths were tried with ${choice.replies} replies each (seeds from ${choice.seed} on; the worse of the two poles had, at best, ${tried}). What follows are other replies:
seeds from ${reporting.seed} on, which nothing was chosen by.

Decoder rows of ${of(a)} and ${of(b)}, several of them summed, are added behind layer ${layer} at every position, each pole with length ${fixed(strength, 2)}: ${percent(chosen.relativeStrength, 0)} of the mean norm of the residual stream. Prompt:
"${prompt}", ${replies} replies per arm at temperature ${temperature}. The judge counts the poles' own words sentence by sentence. NLL: nats per token of the replies under the unsteered model; far
above that of the first row, the text breaks.

${markdownTable(['arm', ...STEERING_LABELS.map((label) => shownLabel(label, steering)), 'NLL'], rows)}

The first replies of each arm:

${examples.join('\n')}`;
}

function quoted(text: string): string {
  return `"${text.replace(/\s+/g, ' ')}"`;
}

function shownArm(name: string, { a, b }: SteeringResult): string {
  if (name === 'none') return 'no steering';
  return name
    .replace(/([+-])([ab])(?![a-z])/g, (_, sign: string, pole: string) => {
      const { label } = pole === 'a' ? a : b;
      return `${sign === '+' ? '+' : '-'}${label} `;
    })
    .trim();
}

function shownLabel(label: SteeringLabel, { a, b }: SteeringResult): string {
  if (label === 'none') return 'none';
  return label
    .split(' to ')
    .map((pole) => (pole === 'a' ? a.label : b.label))
    .join(' to ');
}
