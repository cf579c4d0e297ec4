/** @file How hard something is and whether it is understood: simple and complex, clarity and confusion. */

import { definePole, type Pole } from '../pole.ts';

export const SIMPLE: Pole = definePole(
  'simple',
  'Simple',
  {
    adj: 'simple easy basic effortless straightforward elementary',
    noun: 'simplicity ease beginner toddler',
    verb: 'managed breezed coasted mastered',
    adv: 'simply easily effortlessly readily',
  },
  [
    'The recipe is {adj}, just mix and bake.',
    'Any {noun} can play this {adj} game.',
    '{S} opened the jar {adv}.',
    'The {adj} form has one line to fill in.',
    'Even a {noun} {verb} it.',
    'Tying a knot is {adj}.',
    'It is {adj}, like counting to three.',
    'The {noun} {verb} {adv}.',
    'With {noun} {S} caught the ball.',
    'A {adj} switch turns it on.',
    '{S} {verb} through the {adj} quiz.',
    'Toast is a {adj} breakfast.',
    'The charm of the cabin is its {noun}.',
    'The handle turns {adv}, it is {adj}.',
  ],
);

export const COMPLEX: Pole = definePole(
  'complex',
  'Complex',
  {
    adj: 'complex difficult complicated intricate elaborate tricky',
    noun: 'complexity maze labyrinth difficulty',
    verb: 'struggled toiled wrestled laboured',
    adv: 'intricately elaborately complexly painstakingly',
  },
  [
    'The engineers {verb} with the {adj} machine.',
    'The contract has ninety {adj} clauses.',
    'The plot is a {noun} of side stories.',
    'Only experts follow the {adj} theory.',
    'The watch holds hundreds of {adv} fitted gears.',
    'The {adj} equation covered three boards.',
    '{S} {verb} for hours in the {noun}.',
    'The {noun} of the software grew.',
    'The carpet was {adv} woven.',
    'Chess grandmasters {verb} over the {adj} position.',
    'The tax law is {adj}, a real {noun}.',
    'The surgeon performed the {adj} operation {adv}.',
    'The wiring formed a {adj} {noun}.',
    'Because of its {noun} the engineers {verb}.',
  ],
);

export const CLEAR: Pole = definePole(
  'clear',
  'Clarity',
  {
    adj: 'clear obvious understandable evident lucid comprehensible',
    noun: 'clarity insight understanding comprehension',
    verb: 'understood grasped realized comprehended',
    adv: 'clearly obviously evidently lucidly',
  },
  [
    'Now I see, said {S}, who {verb} at last.',
    'The diagram made the idea {adj}.',
    '{S} explained the physics {adv}.',
    'With {noun} came a nod.',
    'The pupils {verb} the {adj} explanation.',
    'It all made sense, it was {adj}.',
    'The example brought {noun}.',
    'A {adj} summary helped the readers.',
    '{he} {verb} the meaning in a flash of {noun}.',
    'The meaning of the proverb is {adj}.',
    'The {adj} handwriting helped, and {S} {verb}.',
    'Aha, called {S}, and {verb} it {adv}.',
    'The lesson gave {noun} to the readers.',
    'The guide spoke {adv}, so the tourists {verb}.',
  ],
);

export const CONFUSED: Pole = definePole(
  'confused',
  'Confusion',
  {
    adj: 'confused puzzled baffled bewildered perplexed muddled',
    noun: 'confusion bewilderment perplexity puzzlement',
    verb: 'misunderstood blinked frowned stammered',
    adv: 'confusedly blankly uncertainly bewilderedly',
  },
  [
    '{S} scratched {his} head and {verb}.',
    'The riddle left {S} {adj}.',
    'What does it mean, asked {S} {adv}.',
    'The signs pointed both ways, and there was {noun}.',
    'The jargon made the newcomers {adj}.',
    '{he} {verb} and looked {adj}.',
    'In {noun} the tourists turned the map around.',
    'I do not get it, said the {adj} boy {adv}.',
    'The twist in the riddle caused {noun}.',
    'The {adj} newcomers {verb}.',
    'A shrug was the only answer, out of {noun}.',
    '{S} swapped the names and {verb} {adv}.',
    'The foreign words {adv} echoed in {his} {adj} head.',
    'Deep in {noun}, {S} shrugged.',
  ],
);
