/** @file Pace and duration: speed and slowness, temporary and permanent, frequent and infrequent. */

import { definePole, type Pole } from '../pole.ts';

export const FAST: Pole = definePole(
  'fast',
  'Speed',
  {
    adj: 'fast quick rapid swift speedy brisk',
    noun: 'speed haste hurry velocity',
    verb: 'raced dashed sprinted zoomed',
    adv: 'quickly swiftly rapidly speedily',
    thing: 'rabbit motorcycle jet cheetah',
  },
  [
    'The {adj} {thing} {verb} across the field.',
    '{S} {verb} {adv} to the end.',
    'The {thing} {verb} by at full {noun}.',
    'The {adj} {thing} {verb} past {S}.',
    'A {adj} {thing} {verb} after the other.',
    'The {thing} is a {adj} runner.',
    'With {noun} {S} wrote the letter.',
    'The {adj} runner {verb} to {p}.',
    '{S} came {adv}, in a {noun}.',
    'The {thing} {verb} off with great {noun}.',
  ],
);

export const SLOW: Pole = definePole(
  'slow',
  'Slowness',
  {
    adj: 'slow sluggish leisurely plodding unhurried lagging',
    noun: 'slowness sluggishness sloth hesitation',
    verb: 'crept crawled strolled plodded',
    adv: 'slowly sluggishly gradually ponderously',
    thing: 'snail turtle tortoise slug',
  },
  [
    'The {thing} {verb} {adv} up the path.',
    '{S} walked with {adj} steps behind the {thing}.',
    'The line moved at a {adj} pace.',
    'The ice {verb} {adv} down the hill.',
    'The {noun} of the {thing} made them wait.',
    'Like a {thing} the cart {verb}.',
    '{he} ate {adv}.',
    'The {adj} donkey {verb} in the mud.',
    'What {noun}, said {S} to the {adj} {thing}.',
    'Even a {thing} would pass the {adj} cart.',
  ],
);

export const TEMPORARY: Pole = definePole(
  'temporary',
  'Temporary',
  {
    adj: 'temporary brief short fleeting momentary passing',
    noun: 'moment instant second interlude',
    verb: 'expired lapsed evaporated ceased',
    adv: 'briefly temporarily momentarily shortly',
    thing: 'permit visa lease tent',
  },
  [
    'The {adj} rain {verb} after a {noun}.',
    '{S} stayed {adv} in the {thing}.',
    'The {thing} {verb} after three weeks.',
    'A {thing} is {adj}.',
    'For a {noun} {S} saw it.',
    'The {adj} {thing} {verb} in June.',
    'The {thing} {verb}, for it was {adj}.',
    '{S} has the {o} {adv}.',
    'A {adj} teacher came for a {noun}.',
    'The fun was {adj} and {verb}.',
  ],
);

export const PERMANENT: Pole = definePole(
  'permanent',
  'Permanence',
  {
    adj: 'permanent lasting endless eternal enduring everlasting',
    noun: 'eternity permanence immortality endurance',
    verb: 'lasted endured remained persisted',
    adv: 'forever permanently eternally always',
    thing: 'monument pyramid fossil statue',
  },
  [
    'The {thing} has {verb} for a thousand years.',
    'The {adj} {thing} {verb}.',
    'A {thing} of stone {verb} in the desert.',
    'The {thing} is {adj}.',
    'Their friendship {verb} {adv}.',
    'It {verb} for all {noun}.',
    'The {noun} of the {thing} is known.',
    'Stone is {adv}.',
    'Like a {thing} the name {verb}.',
    'For a thousand years the {thing} stood, in {noun}.',
  ],
);

export const FREQUENT: Pole = definePole(
  'frequent',
  'Frequent',
  {
    adj: 'frequent regular common repeated habitual constant',
    noun: 'habit routine repetition regularity',
    verb: 'repeated recurred returned revisited',
    adv: 'often frequently regularly repeatedly',
    thing: 'passenger commuter tram sparrow',
  },
  [
    '{S} {adv} goes to {p}.',
    'The {adj} {thing} comes again and again.',
    'Every week the {noun} {verb}.',
    'To wash is a {adj} {noun}.',
    '{he} {adv} comes by.',
    'The {thing} {verb} {adv}.',
    'The {thing} is {adj} here.',
    'The {adj} {thing} {verb} {adv}.',
    'The {thing} has a {adj} {noun}.',
    'Out of {noun} the {thing} {verb}.',
  ],
);

export const INFREQUENT: Pole = definePole(
  'rare',
  'Infrequent',
  {
    adj: 'rare infrequent unusual scarce uncommon occasional',
    noun: 'rarity exception oddity scarcity',
    verb: 'marvelled wondered gasped gaped',
    adv: 'seldom rarely hardly infrequently',
    thing: 'panda orchid comet eclipse',
  },
  [
    '{S} {adv} sees a {thing}.',
    'The {adj} coin is a {noun}.',
    '{S} {verb} at the {adj} {thing}.',
    'A {thing} is {adj}.',
    '{he} {adv} writes a letter.',
    'The {adj} {thing} is worth much.',
    'The {thing} is a {noun}, and people {verb}.',
    'The {thing} is {adv} seen, a {adj} sight.',
    'The {noun} was sold for much gold.',
    'People {verb}, for the coin is a {noun}.',
  ],
);
