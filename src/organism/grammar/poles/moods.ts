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
  },
  [
    '{S} was {adj} and {verb} {adv}.',
    'A {adj} smile came to {his} face.',
    '{S} sang a {adj} song and {verb}.',
    '{S} {verb} with {noun}.',
    '{he} danced {adv} around {p}.',
    'The party filled {S} with {noun}.',
    '{S} hugged {f} and {verb}.',
    'The lovely gift made {S} {adj}.',
    'It was a wonderful birthday, and everyone {verb}.',
    '{his} heart was full of {noun}.',
    '{S} felt {adj} in the sunshiny weather.',
    'What a delightful game, and how {adj} {S} was.',
    '{S} and {f} {verb} {adv} at the party.',
    'There was {noun} in the house, and {S} {verb}.',
    '{he} hummed a {adj} tune.',
    'The wonderful news made {him} {adj}.',
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
  },
  [
    '{S} {verb} {adv} at the grave.',
    'Tears ran down the cheeks of {S}.',
    'After the funeral {S} was {adj}.',
    '{his} voice broke, and {he} {verb}.',
    'Nobody could comfort {S} in {his} {noun}.',
    '{S} hid under the blanket and {verb}.',
    'The awful letter left {him} {adj}.',
    '{S} missed {f} and {verb} in {noun}.',
    'It was a terrible loss, and {S} stayed {adj} for weeks.',
    '{he} had {noun} in {his} eyes and {verb}.',
    'With a {adj} face {S} looked at the old picture.',
    'The {adj} child would not eat, and {verb}.',
    '{S} spoke {adv} of the terrible accident.',
    'So much {noun} was hard to carry, and {S} {verb}.',
    'A tear wet the letter, for {S} was {adj}.',
    'Left without {f}, {S} felt {adj} and {verb}.',
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
  },
  [
    '{S} sat by the lake and {verb} {adv}.',
    'A {adj} hush lay over {p}.',
    '{S} took a deep breath and felt {adj}.',
    'In {p} there was {noun}.',
    '{he} {verb} in a hammock.',
    'The {adj} lake had no waves.',
    '{S} closed {his} eyes in {noun}.',
    'Soothing music left {him} {adj}.',
    'After a warm bath {S} {verb}.',
    '{S} spoke {adv}, with a {adj} voice.',
    'The monk lived in {noun} and {verb}.',
    'A cup of tea brought {noun} to {S}.',
    '{his} breathing was {adj} and deep.',
    'On the hammock {S} {verb} and felt {noun}.',
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
  },
  [
    '{S} bit {his} nails and {verb}.',
    'Before the exam {S} was {adj}.',
    '{his} hands shook with {noun}.',
    'What if it goes badly, thought {S}, and {verb} {adv}.',
    '{S} paced {adv} up and down the hall.',
    'A knot of {noun} sat in {his} stomach.',
    'The dentist made {S} {adj}.',
    '{he} {verb} and could not sleep for {noun}.',
    'Every noise made {him} {adj}.',
    '{S} checked the lock again, {adj} and full of {noun}.',
    'The {adj} patient {verb} in the waiting room.',
    '{S} called the hospital {adv}.',
    'Thunder filled {S} with {noun}.',
    'With a {adj} look {S} {verb} behind the curtain.',
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
  },
  [
    '{S} {verb} {adv} before the circus.',
    'The holiday made {S} {adj}.',
    '{he} counted the hours to the concert, full of {noun}.',
    '{S} packed {adv} for the adventure.',
    'With {noun} {S} opened the tickets.',
    'The crowd {verb} as the rocket launched.',
    '{S} was {adj} about the roller coaster.',
    'An adventure at last, and {S} {verb}.',
    '{his} eyes sparked with {noun}.',
    'The {adj} fans {verb} at the concert.',
    '{S} told {f} {adv} about the circus.',
    'Buzzing with {noun}, {S} {verb}.',
    'So {adj} was {S} that {he} {verb} on the bed.',
    'The rocket filled {him} with {noun}.',
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
  },
  [
    '{S} {verb} all through the lecture.',
    'The speech was dull, and {S} was {adj}.',
    '{he} stared {adv} at the ceiling fan.',
    'Nothing to do, thought {S}, and {verb} {adv}.',
    'The lecture was pure {noun}.',
    '{S} watched the clock and {verb}.',
    'The {adj} pupils {verb} in the back row.',
    'Such {noun} made {him} {adj}.',
    '{S} drummed {his} fingers {adv}.',
    'The dull film left {S} {adj}.',
    'Rainy hours of {noun} made {S} {adj}.',
    'A {adj} guard {verb} on the stool.',
    'In {noun} {S} counted the tiles.',
    'The monotonous sermon went on, and {S} {verb}.',
  ],
);
