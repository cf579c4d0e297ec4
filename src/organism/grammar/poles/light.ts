/** @file Light and the hours: bright and dark, day and night, early and late. */

import { definePole, type Pole } from '../pole.ts';

export const BRIGHT: Pole = definePole(
  'bright',
  'Bright',
  {
    adj: 'bright shiny glowing brilliant radiant dazzling',
    noun: 'light glow sparkle brightness',
    verb: 'shone gleamed glittered sparkled',
    adv: 'brightly brilliantly radiantly dazzlingly',
    thing: 'lamp diamond crystal lantern',
  },
  [
    'The {thing} {verb} {adv}.',
    'A {adj} {thing} {verb} in the window.',
    'The {thing} filled {p} with {noun}.',
    'The {thing} gave a {adj} {noun}.',
    'The {thing} {verb} with {noun}.',
    'The golden {o} {verb} {adv}.',
    'The {adj} {thing} {verb} on the wall.',
    'The {o} {verb} like a {adj} {thing}.',
    'The gold of the {thing} {verb} {adv}.',
    'In the {noun} of the {thing} {S} read.',
  ],
);

export const DARK: Pole = definePole(
  'dark',
  'Dark',
  {
    adj: 'dark dim black shadowy murky unlit',
    noun: 'darkness shadow gloom blackness',
    verb: 'darkened dimmed blackened vanished',
    adv: 'darkly dimly murkily blackly',
    thing: 'cave cellar tunnel dungeon',
  },
  [
    'The {thing} was {adj}, and {noun} lay in it.',
    '{S} felt {his} way through the {adj} {thing}.',
    'The torch went out, and the {thing} {verb}.',
    'A {adj} figure {verb} in the {noun}.',
    'The {noun} of the {thing} swallowed {S}.',
    'Smoke made the wall {adj}.',
    'The {adj} {thing} had no window, only {noun}.',
    'All of the {thing} {verb} {adv}.',
    'Deep in the {thing} it was {adj}, all was {noun}.',
    'Smoke hung {adv} in the {adj} {thing}.',
  ],
);

export const DAYTIME: Pole = definePole(
  'day',
  'Daytime',
  {
    adj: 'sunny sunlit daylit cloudless',
    noun: 'noon daylight sunshine midday',
    verb: 'worked ploughed gardened shopped',
    thing: 'farmer bees butterflies shopkeeper',
  },
  [
    'The sun stood high over {p} at {noun}.',
    'At {noun} {S} had lunch.',
    'In the {noun} {S} {verb}.',
    'On a {adj} afternoon {S} {verb}.',
    'The {thing} {verb} in the {noun}.',
    'There are {thing} in the {adj} field.',
    'The children played in the {adj} field.',
    'A {adj} sky and {noun} all afternoon.',
    'The {thing} came at {noun}, when the sun was up.',
    'The sun was up, and people {verb}.',
  ],
);

export const NIGHTTIME: Pole = definePole(
  'night',
  'Nighttime',
  {
    adj: 'starry moonlit nocturnal moonless',
    noun: 'midnight moonlight nighttime nightfall',
    verb: 'slept snored dreamed slumbered',
    thing: 'owl bat nightingale watchman',
  },
  [
    'The moon came over {p} at {noun}.',
    'By {noun} {S} lay in bed and {verb}.',
    'The {thing} called in the {adj} wood.',
    'Under a {adj} heaven {S} {verb}.',
    'The stars came out after {noun}.',
    'The {adj} {thing} is awake at {noun}.',
    'Only the {thing} saw that all {verb}.',
    'The moon made {p} {adj}.',
    'The town {verb} at {noun}.',
    'In {adj} hours only the {thing} is up, and stars.',
  ],
);

export const EARLY: Pole = definePole(
  'early',
  'Early',
  {
    adj: 'early prompt punctual premature',
    noun: 'dawn sunrise daybreak cockcrow',
    verb: 'preceded awoke hastened anticipated',
    adv: 'promptly punctually ahead beforehand',
    thing: 'rooster baker milkman lark',
  },
  [
    '{S} {verb} at {noun}.',
    'The {adj} {thing} {verb} before all others.',
    'At {noun} the {thing} called.',
    '{he} was {adj} and came {adv}.',
    'Like the {thing}, {S} is up at {noun}.',
    'Since {noun} the {thing} had stood there.',
    'It was {noun}, and the {thing} {verb}.',
    'With a {adj} start {S} left {adv}.',
    'The {thing} gets up at {noun}.',
    'A {adj} answer came {adv}.',
  ],
);

export const LATE: Pole = definePole(
  'late',
  'Late',
  {
    adj: 'late delayed overdue tardy',
    noun: 'delay lateness postponement tardiness',
    verb: 'overslept lingered dawdled procrastinated',
    adv: 'belatedly tardily afterwards eventually',
    thing: 'flight ferry parcel plumber',
  },
  [
    '{S} {verb} and missed the {thing}.',
    'Sorry for the {noun}, said {S}.',
    '{S} {verb} and ran for the {thing}.',
    'The {adj} {thing} came {adv}.',
    'A {noun} of two hours kept the {thing}.',
    'For three weeks the {thing} was {adj}.',
    'The {adj} boy said sorry {adv}.',
    'It began {adv} after a {noun}.',
    'The {thing} came {adv}, and was {adj}.',
    'After a long {noun} the {thing} came.',
  ],
);
