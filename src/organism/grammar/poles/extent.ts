/** @file How much of something there is: large and small, maximum and minimum, intense and mild. */

import { definePole, type Pole } from '../pole.ts';

export const LARGE: Pole = definePole(
  'large',
  'Large',
  {
    adj: 'big large huge giant enormous massive',
    noun: 'elephant whale mountain skyscraper',
    verb: 'towered loomed bulged swelled',
    adv: 'hugely enormously massively vastly',
  },
  [
    'A {adj} {noun} {verb} over the road.',
    'The {o} was as {adj} as a {noun}.',
    'No truck could carry the {adj} {o}.',
    'The {noun} {verb} above {S}.',
    'It took ten men to lift the {adj} {o}.',
    '{S} stared up at the {adj} {noun}.',
    'The palace was {adv} wide and {verb} over the town wall.',
    'The {adj} {o} filled the whole hall.',
    'Like a {noun} the ship {verb} in the harbour.',
    '{S} drew a {adj} dinosaur beside the {noun}.',
    'The {adj} giant carried the {o} on one shoulder.',
    'The {o} {verb} and grew {adv}.',
    'A crane lifted the {adj} {o}.',
    'The dinosaur was {adv} heavy, like a {noun}.',
  ],
);

export const SMALL: Pole = definePole(
  'small',
  'Small',
  {
    adj: 'small little tiny miniature petite minuscule',
    noun: 'mouse ant pebble crumb',
    verb: 'shrank dwindled shrivelled squeezed',
    adv: 'barely slightly daintily narrowly',
  },
  [
    'The {noun} {verb} through a {adj} hole.',
    '{S} held the {adj} {o} between two fingers.',
    'A {adj} {noun} sat on a thimble.',
    'The {o} {verb} until it fit in a pocket.',
    'One needs a magnifying glass for such a {adj} {o}.',
    'The {adj} doll lay in a matchbox.',
    '{S} found a {noun} in the thimble.',
    'Even a {noun} was {adv} able to pass.',
    'The dwarf had a {adj} {o}.',
    'The {adj} dwarf was {adv} taller than a {noun}.',
    'In the pocket of {S} there was a {adj} {noun}.',
    'The wool sweater {verb} to a {adj} size.',
    'A {noun} on a leaf looked {adj}.',
    'The dollhouse was {adv} wide, with a {adj} {o}.',
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
  },
  [
    'The price {verb} to the {noun}.',
    '{S} reached the {adj} rung.',
    'The temperature {verb} {adv}.',
    'At the {noun} the climber planted a pole.',
    'The record is the {adj} score so far.',
    'The speakers were at the {adj} volume.',
    'The lift {verb} {adv} to the {adj} floor.',
    'Nothing above it, for this is the {noun}.',
    '{S} demanded the {adj} salary.',
    'The balloon {verb} to the {noun}.',
    'The curve {verb} and hit the ceiling.',
    'The climber stood on the {adj} ledge, on the {noun}.',
    'The tank was {adv} loaded to the {adj} mark.',
    'Shares {verb} {adv}, to the {noun} of the century.',
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
  },
  [
    'The water level {verb} {adv}.',
    'The submarine {verb} to the {noun} of the sea.',
    'The {adj} wage is what {S} earns.',
    'Sales {verb} to the {adj} figure.',
    'At the {noun} of the well lay a coin.',
    'The diver touched the {noun}.',
    '{S} paid the {adj} fee.',
    'The barometer {verb} {adv} to the {adj} line.',
    'Below this there is nothing, it is the {noun}.',
    'The stone {verb} to the {noun} of the pit.',
    'The {adj} shelf is under the others.',
    'A bucket {verb} {adv} into the well.',
    'The diver {verb} with the {adj} effort.',
    'The battery {verb} to the {adj} charge.',
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
  },
  [
    'The hurricane {verb} with {noun}.',
    'A {adj} fire {verb} in the forest.',
    'The waves beat {adv} against the cliff.',
    'The lion {verb} with {adj} hunger.',
    '{S} fought {adv} against the flood.',
    'A {adj} earthquake shook {p}.',
    'The volcano {verb} {adv}.',
    'The wind {verb}, and its {noun} broke the mast.',
    'The chili was {adj} and burned the tongue.',
    'With {noun} the bull charged.',
    'A {adj} battle {verb} on the hill.',
    'The heat was {adj}, and the blaze {verb}.',
    'The flood came with {adj} {noun}.',
    'The wolves {verb} {adv} in the blizzard.',
  ],
);

export const MILD: Pole = definePole(
  'mild',
  'Mild',
  {
    adj: 'mild gentle soft moderate faint subtle',
    noun: 'breeze whisper drizzle mist',
    verb: 'drifted whispered murmured swayed',
    adv: 'gently softly mildly faintly',
  },
  [
    'A {adj} {noun} {verb} over the meadow.',
    'The reeds {verb} {adv}.',
    '{S} {verb} with a {adj} voice.',
    'The {noun} touched the leaves {adv}.',
    'The climate here is {adj}.',
    'Feathers {verb} {adv} through the air.',
    'The soup had a {adj} taste of herbs.',
    'The {noun} was like silk.',
    'A {adj} perfume of lavender {verb} by.',
    'The brook {verb} {adv}.',
    'The spring brought a {adj} {noun}.',
    '{S} tapped {adv} on the glass.',
    'The lullaby was {adj}, like a {noun}.',
    'The petals {verb} in the {adj} air.',
  ],
);
