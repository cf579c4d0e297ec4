/**
 * @file Proposals as a concept file (YAML) in which a person writes `confirmed` or `struck`. Explanations stand in comments, on one line each and without a sign that could
 * end it, so that nothing in them is read as YAML. Leaves out writing it to disk.
 */

import type { Discovery, ProposedConcept, ProposedFeature, ProposedSide } from './discover.ts';

export interface ReviewFileOptions {
  readonly title: string;
  /** The dictionary, as `--sae` and references name it: `gemma-2-2b/20-gemmascope-res-16k`. */
  readonly sae: string;
  /** Where explanations and opposites came from. */
  readonly source: string;
  /** Proposals of at least this score are written as confirmed. */
  readonly confirmFrom?: number | undefined;
}

const SHOWN_TEXT = 160;

/** Concept files take labels and titles of 200. */
const MAX_QUOTED = 190;
const MAX_SOURCE = 1900;

const HOW_TO = [
  'Proposed by antipode concepts discover. To review it: write "confirmed" or "struck" in place of "open",',
  'delete the line of a feature that does not belong (or put # before it), and change labels as you like.',
  'Behind each feature: how strongly its explanation speaks of the side (0 to 1), the word found, the explanation.',
  'antipode concepts check FILE says what is still open; then antipode geometry --concepts FILE takes it.',
];

/** The same proposals give the same bytes. */
export function reviewFileText(discovery: Discovery, options: ReviewFileOptions): string {
  const { title, sae, source, confirmFrom } = options;
  return [
    ...HOW_TO.map((line) => `# ${line}`),
    `title: ${quoted(title)}`,
    `source: ${JSON.stringify(oneLine(source, MAX_SOURCE))}`,
    `sae: ${quoted(sae)}`,
    'concepts:',
    ...discovery.concepts.flatMap((proposal) => conceptLines(proposal, confirmFrom)),
    '',
  ].join('\n');
}

function conceptLines(proposal: ProposedConcept, confirmFrom: number | undefined): string[] {
  const { concept, score, pairs, a, b } = proposal;
  const isConfirmed = confirmFrom !== undefined && score >= confirmFrom;
  return [
    `  - concept: ${quoted(concept)} # score ${score.toFixed(2)}, ${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'}`,
    `    review: ${isConfirmed ? 'confirmed' : 'open'}`,
    ...sideLines('a', a),
    ...sideLines('b', b),
  ];
}

function sideLines(name: string, { label, features, found }: ProposedSide): string[] {
  const more = found > features.length ? ` # ${found - features.length} more were found` : '';
  return [
    `    ${name}:`,
    `      label: ${quoted(label)}`,
    `      features:${more}`,
    ...features.map((feature) => `        - ${feature.feature} # ${comment(feature)}`),
  ];
}

function comment({ strength, mention, text }: ProposedFeature): string {
  const said = mention.isNegated ? `not ${mention.said}` : mention.said;
  return `${strength.toFixed(2)} ${oneLine(said)}: ${oneLine(text)}`;
}

/** Controls, breaks of every kind, marks of direction, lone surrogates and byte order marks become spaces; cut at `length` characters. */
export function oneLine(text: string, length: number = SHOWN_TEXT): string {
  const line = text
    .slice(0, 8 * length)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s\ufffe\uffff]+/gu, ' ')
    .trim();
  const characters = [...line];
  return characters.length > length ? `${characters.slice(0, length).join('')}…` : line;
}

/** JSON's quotes are YAML's double quotes. */
function quoted(text: string): string {
  return JSON.stringify(oneLine(text, MAX_QUOTED));
}
