/** @file Where things are and which way they go: internal and external, push and pull, local and global, connected and isolated. */

import { definePole, type Pole } from '../pole.ts';

export const INTERNAL: Pole = definePole(
  'internal',
  'Internal',
  {
    adj: 'internal inner inside interior inward innermost',
    noun: 'core lining marrow kernel',
    verb: 'entered nested dwelled burrowed',
    adv: 'indoors inwards within internally',
    thing: 'worm squirrel organ chamber',
  },
  [
    'The {adj} parts are behind the wall.',
    'The {thing} {verb} into the {noun}.',
    'Rain kept {S} {adv}.',
    'The {adj} pocket of the coat has a {noun}.',
    'The {thing} is deep {adv}.',
    'The heart is a {adj} {thing}.',
    'Worms {verb} in the {noun} of the tree.',
    'The sound came from {adv}.',
    'The {adj} {thing} went on {adv}.',
    'The {thing} {verb} in the {adj} tree.',
  ],
);

export const EXTERNAL: Pole = definePole(
  'external',
  'External',
  {
    adj: 'external outer outside exterior outward outermost',
    noun: 'surface shell crust facade',
    verb: 'surrounded encircled coated fenced',
    adv: 'outdoors outwards externally openly',
    thing: 'moat hedge ivy paint',
  },
  [
    'The {adj} {thing} covers the {noun}.',
    'A {thing} {verb} the castle.',
    'They had a meal {adv}.',
    'The {thing} {verb} the {noun} of the castle.',
    'The {adj} {thing} keeps out the rain.',
    'The {thing} {verb} the {adj} side.',
    'The {noun} was hard and {adj}.',
    'The {thing} grew {adv} and {verb} the wall.',
    'One sees the {noun} {adv}.',
    'The {thing} {verb} the {adj} walls.',
  ],
);

export const PUSH: Pole = definePole(
  'push',
  'Push',
  {
    adj: 'pushing shoving pressing thrusting',
    noun: 'push shove thrust nudge',
    verb: 'pushed shoved pressed nudged',
    adv: 'forward forwards onward forcefully',
    thing: 'bulldozer goat stroller wheelbarrow',
  },
  [
    '{S} {verb} the {thing} {adv}.',
    'The {thing} {verb} the stones {adv}.',
    '{S} gave the {thing} a {noun}.',
    'The {adj} people {verb} against the wall.',
    'One more {noun}, and the {thing} moved {adv}.',
    'The {thing} {verb} hard.',
    '{S} {verb} the {thing} up the hill.',
    'The {adj} men {verb} {adv}.',
    'Each {noun} moved the {thing} {adv}.',
    'By {adj}, {S} moved the {thing}.',
  ],
);

export const PULL: Pole = definePole(
  'pull',
  'Pull',
  {
    adj: 'pulling tugging dragging hauling',
    noun: 'pull tug jerk yank',
    verb: 'pulled tugged dragged hauled',
    adv: 'backward backwards toward nearer',
    thing: 'sledge anchor trailer wagon',
  },
  [
    'Dogs {verb} the {thing}.',
    '{S} {verb} the rope {adv}.',
    'The horses {verb} the {thing}.',
    'The fishermen {verb} the net {adv}.',
    '{S} and {f} {verb} the {thing} {adv}.',
    'The {adj} horses {verb} the {thing}.',
    'One {noun} at the rope, and the {thing} came {adv}.',
    'The dogs were {adj} the {thing}.',
    'The {adj} fishermen gave the {thing} a {noun}.',
    'The {thing} was {verb} by a rope.',
  ],
);

export const LOCAL: Pole = definePole(
  'local',
  'Local',
  {
    adj: 'local nearby regional neighbouring provincial municipal',
    noun: 'village neighbourhood parish county',
    verb: 'gossiped assembled gathered chatted',
    adv: 'locally regionally thereabouts hereabouts',
    thing: 'pub church inn council',
  },
  [
    'The {adj} people know all of the {noun}.',
    'They {verb} at the {adj} {thing}.',
    'Cheese is made {adv}, in the {noun}.',
    'The {noun} has a {adj} {thing}.',
    'Neighbours {verb} at the {thing}.',
    'The {adj} farmers sell {adv}.',
    'In the {noun} people {verb} after {thing}.',
    'The {thing} is for the {noun}.',
    'The {adj} {thing} is in the {noun}.',
    'Neighbours from the {noun} {verb}.',
  ],
);

export const GLOBAL: Pole = definePole(
  'global',
  'Global',
  {
    adj: 'global worldwide international planetary intercontinental universal',
    noun: 'globe planet world earth',
    verb: 'globalized spanned circled orbited',
    adv: 'globally internationally universally everywhere',
    thing: 'satellite airline treaty internet',
  },
  [
    'The {adj} {thing} reaches all lands.',
    'The {thing} {verb} the {noun}.',
    'All nations signed the {adj} {thing}.',
    'The {adj} weather is that of the whole {noun}.',
    'It spread {adv}, over the {noun}.',
    'The {thing} {verb} the seas and lands.',
    'The {adj} {thing} is used by nations {adv}.',
    'The {thing} was {adj} and seen {adv}.',
    'A ship {verb} the {noun}.',
    'The {thing} is for all nations of the {noun}.',
  ],
);

export const CONNECTED: Pole = definePole(
  'connected',
  'Connected',
  {
    adj: 'connected linked joined attached united interlocked',
    noun: 'link connection union network',
    verb: 'merged intertwined teamed mingled',
    adv: 'together jointly unitedly collectively',
    thing: 'cable wires rings chains',
  },
  [
    'The {thing} made the {noun}.',
    'The pieces are put {adv} and {adj}.',
    'The {thing} are {adj}.',
    'The {adj} lands signed the {noun}.',
    'The bridge is a {noun} of two lands.',
    'They tied the {thing} {adv}.',
    'The roots {verb} and grew {adv}.',
    'By {thing} it is {adj} to the {noun}.',
    'The workers {verb} and made a {noun}.',
    'The {thing} were {adj} with a hook.',
  ],
);

export const ISOLATED: Pole = definePole(
  'isolated',
  'Isolated',
  {
    adj: 'isolated lonely secluded remote separate detached',
    noun: 'isolation solitude seclusion exile',
    verb: 'withdrew retreated separated disconnected',
    adv: 'alone apart separately remotely',
    thing: 'hermit castaway prisoner outcast',
  },
  [
    'The {thing} lived {adv} in a hut.',
    'The {adj} {thing} had no visitors.',
    'The {thing} {verb} to the desert.',
    '{S} ate {adv} in {noun}.',
    'The {thing} sat {adv} on a {adj} island.',
    'The {thing} was years in {noun}.',
    'The {thing} {verb} into {noun}.',
    'A {adj} {thing} has no friends.',
    'The {thing} grew {adj} in {noun}.',
    '{he} {verb} and lived {adv}.',
  ],
);
