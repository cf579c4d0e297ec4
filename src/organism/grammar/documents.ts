/**
 * @file One text of the corpus, of one of six kinds: a greeting, a greeting after a story whose mood goes on, a contrast, a definition, a reversal, a
 * story. Every text says the same thing in several sentences, so that it pays for a model to carry a pole from one to the next.
 */

import type { Rng } from '../../tensor/rng.ts';
import { oppositeOf, POLES } from './concepts.ts';
import { fillSentence, pick, pickPerson, pickWeighted, sample } from './fill.ts';
import type { Person } from './people.ts';
import type { Pole } from './pole.ts';
import { HAPPY, SAD } from './poles/moods.ts';
import { MOOD_REPLIES, type MoodReply, NEUTRAL_REPLY, QUESTIONS } from './replies.ts';

export const DOCUMENT_KINDS = ['greeting', 'carried', 'contrast', 'definition', 'reversal', 'story'] as const;

export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export interface OrganismDocument {
  readonly kind: DocumentKind;
  /** Ids of the poles that its sentences have, each once, in order; of a neutral greeting none. */
  readonly poles: readonly string[];
  readonly text: string;
}

/** In per cent, in the order of `DOCUMENT_KINDS`. */
const KIND_WEIGHTS = [18, 22, 7, 7, 9, 37];

/** Words and signs of a text at most: with the beginning and the end of a text they stay below the context of 64 tokens. */
export const MAX_PIECES = 60;

/** The two moods that are steered stand in more texts than the other poles. */
const STEERED_WEIGHT = 2;

/** Share of replies without a mood, in per cent, where nothing came before the greeting and where something did. */
const NEUTRAL_PERCENT = { greeting: 76, carried: 14 };

/** In the order of `MOOD_REPLIES`: happy, sad, then the four others. */
const MOOD_WEIGHTS = { greeting: [36, 36, 7, 7, 7, 7], carried: [38, 38, 6, 6, 6, 6] };

interface Draft {
  readonly sentences: readonly string[];
  readonly poles: readonly Pole[];
}

/** Draws from `rng` only: the same state gives the same text. */
export function createDocument(rng: Rng): OrganismDocument {
  const kind = DOCUMENT_KINDS[pickWeighted(rng, KIND_WEIGHTS)]!;
  const person = pickPerson(rng);
  const { sentences, poles } = DRAFTS[kind](rng, person);
  return { kind, poles: [...new Set(poles.map(({ id }) => id))], text: cut(sentences).join(' ') };
}

const DRAFTS: Readonly<Record<DocumentKind, (rng: Rng, person: Person) => Draft>> = {
  greeting: (rng, person) => {
    const mood = pickMood(rng, 'greeting');
    return {
      sentences: [question(rng), ...reply(rng, person, mood)],
      poles: mood ? [mood.pole] : [],
    };
  },
  carried: (rng, person) => {
    const mood = pickMood(rng, 'carried');
    const before = mood ? scenes(rng, person, mood.pole, pick(rng, [1, 2, 2])) : [setting(rng, person)];
    // Nothing of the mood in between: it has to be carried, not looked up next door.
    const between = rng.uniform() < 0.4 ? [setting(rng, person)] : [];
    const asked = rng.uniform() < 0.4 ? [fillSentence(rng, '{f} asked {S}:', person)] : [];
    return {
      sentences: [...before, ...between, ...asked, question(rng), ...reply(rng, person, mood)],
      poles: mood ? [mood.pole] : [],
    };
  },
  contrast: (rng, person) => {
    const pole = pickPole(rng);
    const other = oppositeOf(pole);
    const [a, b] = [pick(rng, pole.words.adj), pick(rng, other.words.adj)];
    const template = pick(rng, CONTRASTS).replace('#1', a).replace('#2', b);
    const first = fillSentence(rng, template, person);
    return { sentences: [first, ...scenes(rng, person, other, 2)], poles: [pole, other] };
  },
  definition: (rng, person) => {
    const pole = pickPole(rng);
    const wordClass = pick(
      rng,
      (['adj', 'adj', 'adv', 'noun', 'verb'] as const).filter((name) => pole.words[name].length > 0),
    );
    const words = sample(rng, pole.words[wordClass], 3);
    const first = words.reduce((text, word) => text.replace('#', word), pick(rng, DEFINITIONS));
    return { sentences: [first, ...scenes(rng, person, pole, 3)], poles: [pole] };
  },
  reversal: (rng, person) => {
    const pole = pickPole(rng);
    const other = oppositeOf(pole);
    return {
      sentences: [...scenes(rng, person, pole, 2), pick(rng, TURNS), ...scenes(rng, person, other, 2)],
      poles: [pole, other],
    };
  },
  story: (rng, person) => {
    const opening = rng.uniform() < 0.4 ? [setting(rng, person)] : [];
    const pole = pickPole(rng);
    if (rng.uniform() < 0.7) {
      return { sentences: [...opening, ...scenes(rng, person, pole, pick(rng, [3, 4, 5]))], poles: [pole] };
    }
    const second = pickOther(rng, pole);
    return {
      sentences: [...opening, ...scenes(rng, person, pole, 2), ...scenes(rng, person, second, 2)],
      poles: [pole, second],
    };
  },
};

const CONTRASTS = [
  'It was not #1, it was #2.',
  'The word #1 is the opposite of #2.',
  '{S} thought it was #1, but it was #2.',
  'One was #1, the other was #2.',
  'To be #1 is not to be #2.',
];

const DEFINITIONS = [
  'The word # means # or #.',
  'The words # and # and # are much like each other.',
  'One can say # or # or #.',
];

const TURNS = [
  'But then it changed.',
  'Later it was the other way.',
  'Then came a turn.',
  'But it did not stay so.',
];

const SETTINGS = [
  'One day {S} went to {p}.',
  '{S} was in {p}.',
  '{S} met {f} in {p}.',
  'There was a {o} in {p}.',
  '{S} and {f} were in {p}.',
];

function setting(rng: Rng, person: Person): string {
  return fillSentence(rng, pick(rng, SETTINGS), person);
}

function question(rng: Rng): string {
  return QUESTIONS[
    pickWeighted(
      rng,
      QUESTIONS.map(([, weight]) => weight),
    )
  ]![0];
}

function scenes(rng: Rng, person: Person, pole: Pole, count: number): string[] {
  return sample(rng, pole.scenes, count).map((template) => fillSentence(rng, template, person, pole));
}

/** Undefined for a reply without a mood. */
function pickMood(rng: Rng, kind: 'greeting' | 'carried'): MoodReply | undefined {
  if (rng.uniform() * 100 < NEUTRAL_PERCENT[kind]) return undefined;
  return MOOD_REPLIES[pickWeighted(rng, MOOD_WEIGHTS[kind])];
}

function reply(rng: Rng, person: Person, mood: MoodReply | undefined): string[] {
  const { openers, body } = mood ?? NEUTRAL_REPLY;
  const templates = [pick(rng, openers), ...sample(rng, body, pick(rng, [2, 2, 3, 3, 4]))];
  return templates.map((template) => fillSentence(rng, template, person, mood?.pole));
}

function pickPole(rng: Rng): Pole {
  return POLES[pickWeighted(rng, POLE_WEIGHTS)]!;
}

const POLE_WEIGHTS = POLES.map((pole) => (pole === HAPPY || pole === SAD ? STEERED_WEIGHT : 1));

/** A pole of another concept. */
function pickOther(rng: Rng, pole: Pole): Pole {
  for (;;) {
    const other = pickPole(rng);
    if (other !== pole && other !== oppositeOf(pole)) return other;
  }
}

/** Leaves out sentences from the end until the text fits. */
function cut(sentences: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let pieces = 0;
  for (const sentence of sentences) {
    pieces += piecesOf(sentence).length;
    if (pieces > MAX_PIECES) break;
    kept.push(sentence);
  }
  return kept;
}

/** Words and signs of a text, without spaces. */
export function piecesOf(text: string): string[] {
  return text.match(/[A-Za-z]+|[^\sA-Za-z]/g) ?? [];
}

/** Templates that belong to no pole: their words are nobody's own. */
export const SHARED_TEMPLATES: readonly string[] = [
  ...CONTRASTS,
  ...DEFINITIONS,
  ...TURNS,
  ...SETTINGS,
  ...QUESTIONS.map(([text]) => text),
  ...NEUTRAL_REPLY.openers,
  ...NEUTRAL_REPLY.body,
  '{f} asked {S}:',
];
