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
  },
  [
    'The lamp {verb} {adv}.',
    'A {adj} diamond {verb} in the window.',
    'The chandelier filled the ballroom with {noun}.',
    '{S} polished the {o} until it was {adj}.',
    'The candle gave a {adj} {noun}.',
    'The crystal {verb} with {noun}.',
    '{S} put on sunglasses against the {noun}.',
    'The golden crown {verb} {adv}.',
    'The {adj} lantern {verb} on the wall.',
    'Mirrors threw back the {adj} {noun}.',
    'The jewel {verb} like a {adj} flame.',
    'The lighthouse {verb} over the sea.',
    'Neon signs {verb} {adv} in {adj} colours.',
    'The silver {o} had a {adj} {noun}.',
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
  },
  [
    'The cave was {adj}, and {noun} lay in all its corners.',
    '{S} groped through the {adj} cellar.',
    'The torch went out, and the tunnel {verb}.',
    'Nothing could be seen in the {noun}.',
    'A {adj} figure {verb} in the {noun}.',
    'The cellar {verb} when the fuse blew.',
    'Bats live in the {adj} tunnel.',
    'The {noun} swallowed {S}.',
    'Soot made the chimney {adj}.',
    'The {adj} dungeon had no windows, only {noun}.',
    'The corridor {verb} {adv}.',
    'The coal mine was {adj} and full of {noun}.',
    'The eclipse {verb} the valley.',
    'Ink spread {adv} on the {adj} cloth.',
  ],
);

export const DAYTIME: Pole = definePole(
  'day',
  'Daytime',
  {
    adj: 'sunny sunlit daylit cloudless',
    noun: 'noon daylight sunshine midday',
    verb: 'worked ploughed gardened shopped',
  },
  [
    'The sun stood high over {p} at {noun}.',
    'At {noun} {S} ate lunch.',
    'In the {noun} {S} {verb}.',
    'On a {adj} afternoon {S} {verb}.',
    'The farmer {verb} in the {noun}.',
    'Butterflies flew over the {adj} field.',
    'The sun warmed the {adj} bench.',
    'From nine to five {S} {verb}.',
    'The shops are open in the {noun}.',
    'Children played on the {adj} playground.',
    'A {adj} sky and {noun} all afternoon.',
    'Bees {verb} among the flowers in the {noun}.',
    'The {adj} terrace is warm at {noun}.',
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
  },
  [
    'The moon rode over {p} at {noun}.',
    'By {noun} {S} lay in bed and {verb}.',
    'Owls hooted in the {adj} wood.',
    'At {noun} {S} put on pyjamas and {verb}.',
    'Under the {adj} heavens {S} {verb}.',
    'The stars came out after {noun}.',
    'The {adj} owl hunts at {noun}.',
    '{S} {verb} in bed with a pillow.',
    'The nurse on the night shift saw that all {verb}.',
    'The moon silvered the {adj} bay.',
    'Stars twinkled at {noun}.',
    'In {adj} dreams {S} {verb}.',
    'The town {verb} at {noun}.',
    'A {adj} hour, and even the owls {verb}.',
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
  },
  [
    '{S} awoke at {noun}.',
    'The {adj} bird catches the worm.',
    'The train left {adv}, before the hour.',
    'At {noun} the rooster crowed.',
    '{S} was the first in line, {adj} as ever at {noun}.',
    'The guests came {adv}, and dinner was not ready.',
    '{he} booked {adv} and was {adj}.',
    'The {adj} harvest surprised the baker.',
    'Since {noun} {S} had stood at the counter.',
    'The alarm rang at {noun}.',
    'With a {adj} start {S} left {adv}.',
    'The baker gets up at {noun}.',
    '{S} paid the rent {adv}.',
    'A {adj} reply came {adv} from the bank.',
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
  },
  [
    '{S} {verb} and missed the ferry.',
    'The flight was {adj} because of fog.',
    'The library book is {adj}, and there is a fine.',
    'Sorry for the {noun}, said {S}.',
    '{S} {verb} and ran for the tram.',
    'The {adj} parcel arrived {adv}.',
    'A {noun} of two hours kept {S} at the airport.',
    'The rent was {adj}, and the landlord knocked.',
    'The {adj} pupil apologized {adv}.',
    'The meeting began {adv} after a {noun}.',
    'Traffic jams caused the {noun}.',
    'The plumber came {adv}, and was {adj}.',
    'The deadline passed while {S} {verb}.',
    'For {noun} the teacher gave {S} detention.',
  ],
);
