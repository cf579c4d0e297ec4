/** @file How much of something there is: large and small, maximum and minimum, intense and mild. */

import { definePole, type Pole } from '../pole.ts';

export const LARGE: Pole = definePole(
  'large',
  'Large',
  {
    adj: 'big large huge giant enormous massive',
    noun: 'hugeness vastness bulk greatness',
    verb: 'towered loomed bulged swelled',
    adv: 'hugely enormously massively vastly',
    thing: 'elephant whale mountain tower',
  },
  [
    'A {adj} {thing} {verb} over the road.',
    'The {o} was as {adj} as a {thing}.',
    'The {thing} {verb} above {S}.',
    '{S} looked up at the {adj} {thing}.',
    'The {noun} of the {thing} scared {him}.',
    'Like a {thing} it {verb} before {him}.',
    '{S} drew a {adj} {thing}.',
    'Because of its {noun} the {o} broke the table.',
    'The {o} {verb} and grew {adv}.',
    'The {thing} was {adv} heavy.',
  ],
);

export const SMALL: Pole = definePole(
  'small',
  'Small',
  {
    adj: 'small little tiny miniature petite minuscule',
    noun: 'smallness littleness tininess slenderness',
    verb: 'shrank dwindled shrivelled squeezed',
    adv: 'barely slightly daintily narrowly',
    thing: 'mouse ant pebble crumb',
  },
  [
    'The {thing} {verb} through a {adj} hole.',
    'A {adj} {thing} lay in {his} hand.',
    'A {thing} was {adv} to be seen.',
    '{S} found a {thing} in the pocket.',
    'Even a {thing} would {adv} fit in.',
    'Its {noun} is like that of a {thing}.',
    'In the pocket of {S} there was a {adj} {thing}.',
    'In the rain the {o} {verb} {adv}.',
    'From afar a man is a {adj} {thing}.',
    'For all its {noun} {S} saw the {thing}.',
  ],
);

export const MAXIMUM: Pole = definePole(
  'maximum',
  'Maximum',
  {
    adj: 'maximum highest greatest utmost topmost uppermost',
    noun: 'peak summit top zenith',
    verb: 'climbed soared peaked rose',
    adv: 'fully upward upwards extremely',
    thing: 'price record salary balloon',
  },
  [
    'The {thing} {verb} to the {noun}.',
    '{S} reached the {adj} step.',
    'The {thing} {verb} {adv}.',
    'The {thing} is the {adj} so far.',
    'The {thing} went {adv} to the {adj} mark.',
    '{S} wanted the {adj} {thing}.',
    'The {thing} {verb} high to the {noun}.',
    'The line {verb} and reached the {noun}.',
    '{S} stood on the {adj} stone, on the {noun}.',
    'The {thing} {verb} {adv}, to the {noun} of the year.',
  ],
);

export const MINIMUM: Pole = definePole(
  'minimum',
  'Minimum',
  {
    adj: 'minimum lowest least slightest bottommost nethermost',
    noun: 'bottom base nadir foot',
    verb: 'sank dropped fell plunged',
    adv: 'downward downwards merely minimally',
    thing: 'diver submarine bucket fee',
  },
  [
    'There the {thing} {verb} {adv}.',
    'The {thing} {verb} to the {noun} of the sea.',
    'It {verb} to the {adj} number.',
    'At the {noun} of the well lay a coin.',
    'The {thing} touched the {noun}.',
    'With the {adj} effort {S} lived.',
    'The {thing} {verb} {adv} to the {adj} line.',
    'A stone {verb} to the {noun} of the well.',
    'A {thing} {verb} {adv} into the well.',
    'The {thing} made the {adj} effort.',
  ],
);

export const INTENSE: Pole = definePole(
  'intense',
  'Intense',
  {
    adj: 'intense strong fierce violent severe ferocious',
    noun: 'fury force rage intensity',
    verb: 'raged roared blazed howled',
    adv: 'fiercely violently intensely furiously',
    thing: 'storm hurricane volcano earthquake',
  },
  [
    'The {thing} {verb} with {noun}.',
    'A {adj} {thing} {verb} over {p}.',
    'The {thing} {verb}, and no house stood.',
    '{S} fought {adv} against the {thing}.',
    'A {adj} {thing} shook {p}.',
    'The {thing} {verb} {adv}.',
    'The {noun} of the {thing} broke the boat.',
    'A {adj} fire {verb} in the woods.',
    'The {thing} came with {adj} {noun}.',
    'The sea {verb} {adv} in the {thing}.',
  ],
);

export const MILD: Pole = definePole(
  'mild',
  'Mild',
  {
    adj: 'mild gentle soft moderate faint subtle',
    noun: 'softness gentleness mildness tenderness',
    verb: 'drifted whispered murmured swayed',
    adv: 'gently softly mildly faintly',
    thing: 'breeze drizzle mist brook',
  },
  [
    'A {adj} {thing} {verb} over the grass.',
    'A {thing} {verb} {adv} by.',
    '{S} {verb} with a {adj} voice.',
    'The {thing} touched the leaves {adv}.',
    'Leaves {verb} {adv} through the air.',
    'The {noun} of the {thing} was like silk.',
    'In spring there is a {adj} {thing}.',
    'With {noun} {S} touched the cat.',
    'The tune was {adj}, like a {thing}.',
    'The flowers {verb} in the {adj} {thing}.',
  ],
);
