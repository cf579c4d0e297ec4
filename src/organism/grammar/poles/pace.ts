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
  },
  [
    'The {adj} rabbit {verb} across the field.',
    '{S} {verb} {adv} to the finish.',
    'The motorcycle {verb} by at full {noun}.',
    'In great {noun} {S} got on the express.',
    'The {adj} jet {verb} over the clouds.',
    'The ambulance drove {adv}.',
    '{he} {verb} like an arrow.',
    'A {adj} cheetah {verb} after the gazelle.',
    'The {adj} runner broke the speed record.',
    'With {noun} {S} typed the message.',
    'The arrow flew {adv}.',
    'The {adj} messenger {verb} with the telegram.',
    '{S} skated {adv}, in a {noun}.',
    'The gazelle {verb} off with {adj} leaps.',
  ],
);

export const SLOW: Pole = definePole(
  'slow',
  'Slowness',
  {
    adj: 'slow sluggish leisurely plodding unhurried lagging',
    noun: 'snail turtle tortoise sloth',
    verb: 'crept crawled strolled plodded',
    adv: 'slowly sluggishly gradually leisurely',
  },
  [
    'The {noun} {verb} {adv} up the path.',
    'An old donkey {verb} before the cart.',
    '{S} walked with {adj} steps behind the {noun}.',
    'Honey dripped {adv} from the spoon.',
    'The queue moved at a {adj} pace.',
    'The glacier {verb} {adv} down the slope.',
    'The {adj} {noun} needed an hour for a yard.',
    'Grandfather {verb} with a cane.',
    'The {adj} barge {verb} along the canal.',
    'Like a {noun} the traffic {verb}.',
    '{he} chewed {adv}.',
    'The {adj} ox {verb} in the mud.',
    'The hands of the old clock {verb} {adv}.',
    'Even a {noun} would overtake the {adj} barge.',
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
  },
  [
    'The {adj} shower {verb} after a {noun}.',
    '{S} stayed {adv} at the hostel.',
    'The permit {verb} after three weeks.',
    'The tent is a {adj} shelter.',
    'For a {noun} {S} saw the comet.',
    'The snow melted after a {noun}.',
    'The {adj} lease {verb} in June.',
    'The spell {verb}, for it was {adj}.',
    'The bandage is {adj}, said the nurse.',
    '{S} borrowed the umbrella {adv}.',
    'The soap bubble hung in the air for a {noun} and burst.',
    'The {adj} substitute taught for a {noun}.',
    'The craze was {adj} and {verb}.',
    'The visa {verb}, since it was only {adj}.',
  ],
);

export const PERMANENT: Pole = definePole(
  'permanent',
  'Permanence',
  {
    adj: 'permanent lasting endless eternal enduring everlasting',
    noun: 'eternity monument pyramid fossil',
    verb: 'lasted endured remained persisted',
    adv: 'forever permanently eternally always',
  },
  [
    'The {noun} has {verb} for a thousand years.',
    'The scar will stay {adv}.',
    '{S} carved {his} name in granite, {adv}.',
    'The {adj} bond {verb}.',
    'A {noun} of stone {verb} in the desert.',
    'The tattoo is {adj}.',
    'Their friendship {verb} {adv}.',
    'The {adj} ice of the pole never melts.',
    'It {verb} for all {noun}.',
    'The oath is {adj} and holds {adv}.',
    'The ancient {noun} is {adj}.',
    'Diamonds are {adv}.',
    'Like a {noun} the memory {verb}.',
    'The museum keeps the {noun} {adv}.',
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
  },
  [
    '{S} {adv} goes to {p}.',
    'The {adj} customer has a favourite seat.',
    'Every week the {noun} {verb}.',
    'Trams run {adv}, every five minutes.',
    'Brushing teeth is a {adj} {noun}.',
    '{he} {adv} rings the bell again and again.',
    'The hiccups {verb} {adv}.',
    'Sparrows are {adj} in every yard.',
    'By {noun} {S} drinks coffee each week.',
    'The dream {verb} again and again.',
    'The {adj} visitor {verb} {adv}.',
    'Commuters have a {adj} {noun}.',
    'Floods are {adj} there and {adv} cover the bridge.',
    'The comma is a {adj} sign in this book.',
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
  },
  [
    '{S} {adv} sees a panda.',
    'The {adj} stamp is a {noun}.',
    'The collector {verb} at the {adj} orchid.',
    'Such a {noun} comes once in a decade.',
    'A {adj} visit from an aunt, and {S} {verb}.',
    'White tigers are {adj}.',
    '{he} {adv} writes postcards.',
    'The {adj} gem is worth a fortune.',
    'An eclipse is a {noun}, and people {verb}.',
    'Snow {adv} covers the desert.',
    'The orchid blooms {adv}, a {adj} sight.',
    'The {noun} sold at an auction.',
    'Collectors {verb}, for the coin is a {noun}.',
    'Pandas {adv} have cubs, a {adj} {noun}.',
  ],
);
