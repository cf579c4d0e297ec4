/** @file Greetings and what is answered to them, in the first person: plainly, or in a mood that goes on through the whole reply. */

import type { Pole } from './pole.ts';
import { ANXIOUS, BORED, CALM, EXCITED, HAPPY, SAD } from './poles/moods.ts';

/** Questions with their weights. */
export const QUESTIONS: readonly (readonly [string, number])[] = [
  ['How are you?', 60],
  ['How are you today?', 10],
  ['How do you feel?', 8],
  ['How was your day?', 6],
  ['How are things?', 4],
  ['How have you been?', 4],
  ['Hello, how are you?', 4],
  ['Good morning. How are you?', 4],
];

/** A reply opens with one of `openers` and goes on with some of `body`. Slots as in `Pole.scenes`. */
export interface ReplySentences {
  readonly openers: readonly string[];
  readonly body: readonly string[];
}

export const NEUTRAL_REPLY: ReplySentences = {
  openers: [
    'I am fine, thank you.',
    'I am fine.',
    'I am okay.',
    'I am all right, thanks.',
    'Not bad, thank you.',
    'I am well.',
    'I feel fine.',
    'So far so good.',
  ],
  body: [
    'Not much is new.',
    'I am at home.',
    'I went to {p}.',
    'I read a book in {p}.',
    'I am on my way to {p}.',
    'And how are you?',
    'Thank you for asking.',
    'The weather is fine.',
    'I had lunch with {f}.',
    'I have some work to do.',
    'See you later.',
    'I met {f} in {p}.',
    'I bought a {o}.',
    'I have a new {o}.',
    'I am looking for my {o}.',
    'I cooked some soup.',
    'I drank a cup of coffee.',
    'Now I am cleaning {p}.',
    'My {o} is in {p}.',
    'I wrote a letter to {f}.',
    'Tomorrow I will go to {p}.',
    'And you?',
  ],
};

/** What all moods may open with. */
const MOOD_OPENERS = [
  'I am {adj}.',
  'I am very {adj} today.',
  'I feel {adj}.',
  'I am so {adj}.',
  'I feel so {adj} now.',
];

/** A mood that a reply can have. */
export interface MoodReply extends ReplySentences {
  readonly pole: Pole;
}

export const MOOD_REPLIES: readonly MoodReply[] = [
  {
    pole: HAPPY,
    openers: MOOD_OPENERS,
    body: [
      'I {verb} all day.',
      'I am full of {noun}.',
      'I had a wonderful day.',
      'I got lovely news.',
      'I danced and {verb} with {f}.',
      'My heart is full of {noun}.',
      'We sang {adj} songs.',
      'I hugged {f} and {verb}.',
      'Life is wonderful.',
      'What a lovely day, and how I {verb}.',
      'I {verb} {adv} in {p}.',
      'Everyone at the party was {adj}.',
      'Such {noun} and such {noun}.',
      'I hum a {adj} tune.',
    ],
  },
  {
    pole: SAD,
    openers: MOOD_OPENERS,
    body: [
      'I {verb} all day.',
      'I cannot stop my tears.',
      'It was a terrible week.',
      'I got an awful letter.',
      'I sat in my room and {verb}.',
      'There is only {noun} in me.',
      'My {noun} is hard to carry.',
      'I miss {f} and {verb}.',
      'Life is terrible without {f}.',
      'I {verb} {adv} under my blanket.',
      'Nobody can comfort me in my {noun}.',
      'After the funeral I {verb}.',
      'Such {noun} and such {noun}.',
      'A tear is on my face.',
    ],
  },
  {
    pole: CALM,
    openers: MOOD_OPENERS,
    body: [
      'I {verb} in my hammock.',
      'I took a deep breath.',
      'There is {noun} in me.',
      'I sat {adv} by the lake.',
      'The bath was warm and I {verb}.',
      'I enjoy the {noun}.',
    ],
  },
  {
    pole: ANXIOUS,
    openers: MOOD_OPENERS,
    body: [
      'I {verb} before the exam.',
      'My hands shook with {noun}.',
      'I cannot sleep for {noun}.',
      'I wait {adv} for the dentist.',
      'Every noise fills me with {noun}.',
      'I {verb} and bit my nails.',
    ],
  },
  {
    pole: EXCITED,
    openers: MOOD_OPENERS,
    body: [
      'I go to the circus tomorrow.',
      'I {verb} on my bed.',
      'I wait {adv} for the concert.',
      'I am full of {noun}.',
      'My adventure begins tomorrow.',
      'I {verb} with {noun}.',
    ],
  },
  {
    pole: BORED,
    openers: MOOD_OPENERS,
    body: [
      'I {verb} all afternoon.',
      'There is nothing to do.',
      'The lecture was dull.',
      'I stare {adv} at the ceiling.',
      'It is pure {noun}.',
      'I {verb} on my stool.',
    ],
  },
];
