/** @file The moods: happy and sad, which can be steered, and four more that replies to a greeting can have. */

import { definePole, type Pole } from '../pole.ts';

export const HAPPY: Pole = definePole(
  'happy',
  'Happiness',
  {
    adj: 'happy glad joyful cheerful merry delighted',
    noun: 'joy happiness laughter gladness',
    verb: 'laughed smiled giggled beamed',
    adv: 'happily merrily joyfully gladly',
    thing: 'party birthday song dance',
  },
  [
    '{S} was {adj} and {verb} {adv}.',
    '{S} went to the {thing} and {verb}.',
    '{S} {verb} with {noun}.',
    '{he} came {adv} from the {thing}.',
    'The {thing} filled {S} with {noun}.',
    '{S} hugged {f} and {verb}.',
    'It was a wonderful {thing}, and all {verb}.',
    'What a {adj} {thing}, said {S} {adv}.',
    '{S} and {f} {verb} at the {thing}.',
    'There was {noun} in the house, and {S} {verb}.',
    'All were {adj} at the {thing} of {S}.',
    '{he} hugged {f} {adv}, with {noun}.',
  ],
);

export const SAD: Pole = definePole(
  'sad',
  'Sadness',
  {
    adj: 'sad unhappy gloomy miserable sorrowful heartbroken',
    noun: 'sorrow sadness grief misery',
    verb: 'cried wept sobbed mourned',
    adv: 'sadly tearfully sorrowfully miserably',
    thing: 'funeral grave loss farewell',
  },
  [
    '{S} {verb} {adv} at the {thing}.',
    'After the {thing} {S} was {adj}.',
    '{his} voice broke, and {he} {verb}.',
    '{S} missed {f} and {verb} in {noun}.',
    'It was a terrible {thing}, and {S} stayed {adj}.',
    '{he} had {noun} in {his} eyes and {verb}.',
    'With a {adj} face {S} thought of the {thing}.',
    'The {adj} man would not eat, and {verb}.',
    '{S} spoke {adv} of the terrible {thing}.',
    'So much {noun} is hard to bear, and {S} {verb}.',
    'Without {f}, {S} felt {adj} and {verb}.',
    'Tears came {adv}, for the {thing} was near.',
  ],
);

export const CALM: Pole = definePole(
  'calm',
  'Calm',
  {
    adj: 'calm relaxed peaceful serene tranquil restful',
    noun: 'peace stillness calmness serenity',
    verb: 'rested meditated unwound relaxed',
    adv: 'calmly peacefully serenely quietly',
    thing: 'lake hammock bath pond',
  },
  [
    '{S} sat by the {thing} and {verb} {adv}.',
    'In {p} there was {noun}.',
    '{he} {verb} {adv} in the {thing}.',
    'The {thing} was {adj}.',
    '{S} closed {his} eyes in {noun}.',
    'After the {thing} {S} {verb}.',
    '{S} spoke {adv}, with a {adj} voice.',
    'The {thing} gave {noun} to {S}.',
    'No sound came from the {adj} {thing}.',
    'By the {thing} {S} {verb} and found {noun}.',
  ],
);

export const ANXIOUS: Pole = definePole(
  'anxious',
  'Anxious',
  {
    adj: 'anxious nervous worried tense fearful uneasy',
    noun: 'fear worry dread panic',
    verb: 'trembled fretted shivered sweated',
    adv: 'anxiously nervously fearfully uneasily',
    thing: 'exam dentist surgery test',
  },
  [
    'Before the {thing} {S} was {adj}.',
    '{his} hands shook with {noun}.',
    'What if, thought {S} {adv}, and {verb}.',
    '{S} walked {adv} up and down before the {thing}.',
    'There was {noun} of the {thing} in {him}.',
    'The {thing} made {S} {adj}.',
    '{S} looked back again, {adj} and full of {noun}.',
    'The {adj} woman {verb} at the thought of the {thing}.',
    'The {thing} came near, and {noun} with it.',
    'With a {adj} look {S} {verb}.',
  ],
);

export const EXCITED: Pole = definePole(
  'excited',
  'Excitement',
  {
    adj: 'excited thrilled eager enthusiastic exhilarated ecstatic',
    noun: 'excitement anticipation enthusiasm eagerness',
    verb: 'jumped bounced whooped cheered',
    adv: 'excitedly eagerly enthusiastically breathlessly',
    thing: 'circus concert carnival adventure',
  },
  [
    '{S} {verb} {adv} before the {thing}.',
    'The {thing} made {S} {adj}.',
    '{he} counted the hours to the {thing}, full of {noun}.',
    'They {verb} as the {thing} began.',
    '{S} was {adj} about the {thing}.',
    'At last the {thing}, and {S} {verb}.',
    '{his} eyes were full of {noun}.',
    'All were {adj} and {verb}.',
    '{S} told {f} {adv} about the {thing}.',
    'So {adj} was {S} that {he} {verb}.',
  ],
);

export const BORED: Pole = definePole(
  'bored',
  'Boredom',
  {
    adj: 'bored weary idle listless uninterested sleepy',
    noun: 'boredom tedium dullness weariness',
    verb: 'yawned dozed slouched fidgeted',
    adv: 'wearily idly listlessly drearily',
    thing: 'lecture sermon speech meeting',
  },
  [
    '{S} {verb} all through the {thing}.',
    'The {thing} was long, and {S} was {adj}.',
    'Nothing to do, thought {S}, and {verb} {adv}.',
    'The {thing} was pure {noun}.',
    '{S} looked {adv} at the clock and {verb}.',
    'The {adj} people {verb} in the last row.',
    'Such {noun} made {him} {adj}.',
    'The {thing} left {S} {adj}.',
    'Hours of {noun} made {S} {adj}.',
    'The {thing} went on and on, and {S} {verb}.',
  ],
);
