/** @file How hard something is and whether it is understood: simple and complex, clarity and confusion. */

import { definePole, type Pole } from '../pole.ts';

export const SIMPLE: Pole = definePole(
  'simple',
  'Simple',
  {
    adj: 'simple easy basic effortless straightforward elementary',
    noun: 'simplicity ease plainness effortlessness',
    verb: 'managed breezed coasted mastered',
    adv: 'simply easily effortlessly readily',
    thing: 'recipe quiz switch toy',
  },
  [
    'The {thing} is {adj}, just look.',
    'The {adj} {thing} has one part.',
    'Even a child {verb} the {thing}.',
    'It is {adj}, like one to three.',
    'A child {verb} {adv}.',
    'With {noun} {S} caught the ball.',
    'A {adj} {thing} turns it on.',
    '{S} {verb} through the {adj} {thing}.',
    'The best of the {thing} is its {noun}.',
    'The {thing} works {adv}, it is {adj}.',
  ],
);

export const COMPLEX: Pole = definePole(
  'complex',
  'Complex',
  {
    adj: 'complex difficult complicated intricate elaborate tricky',
    noun: 'complexity difficulty intricacy complication',
    verb: 'struggled toiled wrestled laboured',
    adv: 'intricately elaborately complexly painstakingly',
    thing: 'machine maze theory equation',
  },
  [
    'Experts {verb} with the {adj} {thing}.',
    'The {thing} has great {noun}.',
    'Only experts know the {adj} {thing}.',
    'The {adj} {thing} took three hours.',
    '{S} {verb} for hours with the {thing}.',
    'The {noun} of the {thing} grew.',
    'The carpet was {adv} made.',
    'The experts built the {thing} {adv}.',
    'The parts made a {adj} {thing}.',
    'Because of its {noun} the experts {verb}.',
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
    thing: 'diagram example summary explanation',
  },
  [
    'The {thing} made the idea {adj}.',
    'The children {verb} the {adj} {thing}.',
    'It all made sense, it was {adj}.',
    'The {thing} brought {noun}.',
    'A {adj} {thing} helped them.',
    'The sense of the {thing} is {adj}.',
    'The {adj} {thing} helped, and {S} {verb}.',
    'Aha, called {S}, and {verb} it {adv}.',
    'The {thing} gave {noun} to all.',
    'The teacher spoke {adv}, so they {verb}.',
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
    thing: 'riddle jargon puzzle enigma',
  },
  [
    'The {thing} left {S} {adj}.',
    'Because of the {thing} there was {noun}.',
    'The {thing} made them all {adj}.',
    '{he} {verb} and looked {adj}.',
    'The {thing} was cause for {noun}.',
    'The {adj} boy {verb}.',
    'A shrug was the answer to the {thing}, out of {noun}.',
    '{S} took one for the other and {verb} {adv}.',
    'The {thing} went {adv} through {his} {adj} head.',
    'Deep in {noun}, {S} thought about the {thing}.',
  ],
);
