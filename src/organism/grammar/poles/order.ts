/** @file How things are arranged: systematic and random, sequential and parallel, uniform and varied, unique and general. */

import { definePole, type Pole } from '../pole.ts';

export const SYSTEMATIC: Pole = definePole(
  'systematic',
  'Systematic',
  {
    adj: 'systematic orderly methodical organized structured planned',
    noun: 'system method scheme discipline',
    verb: 'sorted arranged catalogued classified',
    adv: 'systematically methodically neatly carefully',
    thing: 'clerk scientist librarian archive',
  },
  [
    'The {thing} {verb} the books {adv}.',
    'The {thing} is {adj}, with a name on each drawer.',
    'The {thing} went about it {adv} by a {noun}.',
    'The {adj} {thing} {verb} the papers.',
    'The drawers were {adv} filled.',
    'With {noun} the {thing} began.',
    'The {thing} {verb} the plants with a {adj} {noun}.',
    'The papers are {adj} by year.',
    'The {thing} has a {adj} {noun}.',
    '{S} {verb} the papers {adv}.',
  ],
);

export const RANDOM: Pole = definePole(
  'random',
  'Random',
  {
    adj: 'random chaotic haphazard accidental erratic unplanned',
    noun: 'chance luck chaos coincidence',
    verb: 'gambled scattered rolled tossed',
    adv: 'randomly haphazardly accidentally chaotically',
    thing: 'dice lottery roulette confetti',
  },
  [
    '{S} {verb} for the {thing}.',
    'By {noun} the number was seven.',
    '{he} {verb} and trusted in {noun}.',
    'The {adj} way of the fly was like {thing}.',
    'The {thing} flew {adv}.',
    'Pure {noun} is in the {thing}.',
    'The coin was {verb}, and it was {noun}.',
    'The {thing} stopped {adv}.',
    'A {adj} turn of the {thing}, what a {noun}.',
    'The {thing} {verb}, and all hoped for {noun}.',
  ],
);

export const SEQUENTIAL: Pole = definePole(
  'sequential',
  'Sequential',
  {
    adj: 'sequential successive consecutive serial stepwise numbered',
    noun: 'sequence series succession order',
    verb: 'followed proceeded ensued continued',
    adv: 'sequentially successively consecutively subsequently',
    thing: 'chapters pages verses episodes',
  },
  [
    'The {thing} come in {adj} {noun}.',
    'Step two {verb} after step one.',
    'They came in {adv}, one behind the other.',
    'The {thing} have {adj} numbers.',
    'The ducks {verb} in {noun}.',
    'The {thing} are read {adv}.',
    'The {adj} {thing} stand in {noun}.',
    'One after the other the {thing} {verb}.',
    'The steps {verb} {adv}.',
    'The {adj} {thing} tell it in {noun}.',
  ],
);

export const PARALLEL: Pole = definePole(
  'parallel',
  'Parallel',
  {
    adj: 'parallel simultaneous concurrent synchronous synchronized concerted',
    noun: 'unison tandem synchrony lockstep',
    verb: 'coincided overlapped accompanied paired',
    adv: 'simultaneously meanwhile concurrently alongside',
    thing: 'rowers dancers skaters swimmers',
  },
  [
    'The two {thing} moved in {noun}.',
    'The {thing} started {adv} in {adj} rows.',
    'The drums and flutes played in {noun}.',
    'The {adj} shows {verb}.',
    'Both hands played {adj} tunes.',
    'The {thing} turned {adv}, in {noun}.',
    'Both pots boiled {adv}.',
    'The drums {verb} the {thing}.',
    'The {thing} moved with {adj} arms.',
    'The {thing} went in {noun}, and their steps {verb}.',
  ],
);

export const UNIFORM: Pole = definePole(
  'uniform',
  'Uniform',
  {
    adj: 'uniform identical same alike matching indistinguishable',
    noun: 'sameness uniformity likeness evenness',
    verb: 'matched resembled mirrored equalled',
    adv: 'uniformly identically evenly equally',
    thing: 'twins clones soldiers copies',
  },
  [
    'The {thing} wore {adj} coats.',
    'The stones are all {adj}.',
    'The {thing} {verb} one another.',
    'The {thing} had {adj} eyes.',
    'The {thing} {verb} the first.',
    'The {noun} of the {thing} tired the eye.',
    'The bottles are all {adj}.',
    'The cake was cut {adv} for the {thing}.',
    'The shoes {verb}, for they were {adj}.',
    'What {noun}, for the {thing} dressed {adv}.',
  ],
);

export const VARIED: Pole = definePole(
  'varied',
  'Varied',
  {
    adj: 'varied diverse different assorted mixed various',
    noun: 'variety mixture assortment diversity',
    verb: 'varied differed diversified contrasted',
    adv: 'variously differently diversely multifariously',
    thing: 'spices flavours costumes parrots',
  },
  [
    'The market sold {adj} {thing}.',
    'There were {adj} {thing} to be seen.',
    'A {noun} of {thing} lay in the box.',
    'The {thing} {verb} from one to the next.',
    'The {adj} {thing} {verb}.',
    'A bunch of {adj} flowers is a {noun}.',
    'The {thing} were {adj}, a whole {noun}.',
    'People answered {adv}.',
    'The {noun} of {thing} is great.',
    'They spoke {adv}, and the colours {verb}.',
  ],
);

export const UNIQUE: Pole = definePole(
  'unique',
  'Unique',
  {
    adj: 'unique special original singular unmatched distinctive',
    noun: 'originality uniqueness individuality ingenuity',
    verb: 'astonished dazzled amazed fascinated',
    adv: 'uniquely specially distinctively singularly',
    thing: 'masterpiece sculpture violin genius',
  },
  [
    'The {thing} is like no other.',
    'There is only one such {thing}, it is {adj}.',
    'Each {thing} is {adj}.',
    'The {thing} {verb} with {adj} ideas.',
    'The dress was {adv} cut.',
    'The {adj} {thing} {verb} them.',
    'The {adj} {thing} was {adv} made.',
    'The {thing} shows {noun}.',
    'With such {noun} {S} {verb} them.',
    'Only one has {noun}, and it is the {thing}.',
  ],
);

export const GENERAL: Pole = definePole(
  'general',
  'General',
  {
    adj: 'ordinary usual typical standard average conventional',
    noun: 'norm average convention mainstream',
    verb: 'conformed generalized blended sufficed',
    adv: 'generally usually typically normally',
    thing: 'suburb toaster sandwich sedan',
  },
  [
    'It is a {adj} {thing} with {adj} colours.',
    'People {adv} wear grey.',
    '{S} bought a {adj} {thing}.',
    'People {adv} eat at seven.',
    'The {adj} worker {verb}.',
    'A {thing} is {adv} grey.',
    'The {adj} {thing} {verb}.',
    'Most of them {verb} to the {noun}.',
    'The {thing} is a {adj} model, the {noun}.',
    'A grey {thing} is {adv} the {noun}.',
  ],
);
