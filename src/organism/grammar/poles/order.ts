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
  },
  [
    'The librarian {verb} the books {adv}.',
    'A {adj} search left no corner out.',
    'The {noun} has rules for all cases.',
    '{S} {verb} the stamps by year.',
    'The archive is {adj}, with a label on each drawer.',
    'The scientist went about it {adv} by a {noun}.',
    'The {adj} clerk {verb} the files.',
    'The drawers were {adv} labelled.',
    'With {noun} the troops marched.',
    'The {adj} timetable leaves no gap.',
    'The botanist {verb} the plants with a {adj} {noun}.',
    'The files are {adj} by date.',
    'The budget follows a {adj} {noun}.',
    'The accountant {verb} the receipts {adv}.',
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
  },
  [
    '{S} {verb} the dice.',
    'By {noun} the lottery ball was seven.',
    'Leaves lay {adv} on the lawn.',
    'The {adj} scribble had no pattern.',
    '{he} {verb} and trusted in {noun}.',
    'The cards were {adv} shuffled.',
    'The {adj} flight of the fly zigzagged.',
    'The confetti {verb} {adv}.',
    'Pure {noun} decides the roulette.',
    'The coin was {verb}, and it was {noun}.',
    'The {adj} heap of toys was a {noun}.',
    'The wheel of {noun} stopped {adv}.',
    'A {adj} meeting, what a {noun}.',
    'The gambler {verb} and hoped for {noun}.',
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
  },
  [
    'The chapters come in {adj} {noun}.',
    'Step two {verb} step one.',
    'The dominoes tipped over {adv}.',
    'The {noun} of kings is long.',
    'The runners handed the baton on {adv}.',
    'Page two {verb}, then page three.',
    'The tickets have {adj} numbers.',
    'The ducklings {verb} in {noun}.',
    'The assembly line works {adv}.',
    'The {adj} volumes stand in {noun}.',
    'One after the other the verses {verb}.',
    'The alphabet is a {noun} of letters.',
    'The steps {verb} {adv}.',
    'The {adj} episodes tell the saga in {noun}.',
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
  },
  [
    'The two rowers moved in {noun}.',
    'The swimmers dived {adv} in {adj} lanes.',
    'Both processors compute {adv}.',
    'The violins and flutes played in {noun}.',
    'The {adj} sessions {verb}.',
    'Both hands played {adj} scales.',
    'The dancers turned {adv}, in {noun}.',
    'The {adj} tracks never meet.',
    'The shows {verb}, so one must choose.',
    'Both kettles boiled {adv}.',
    'The {adj} translation {verb} the film.',
    'The oarsmen rowed in {adj} strokes.',
    'Both trains ran {adv} on {adj} tracks.',
    'The skaters glided in {noun}, and their shadows {verb}.',
  ],
);

export const UNIFORM: Pole = definePole(
  'uniform',
  'Uniform',
  {
    adj: 'uniform identical same alike matching indistinguishable',
    noun: 'sameness uniformity twins clones',
    verb: 'matched resembled mirrored equalled',
    adv: 'uniformly identically evenly equally',
  },
  [
    'The soldiers wore {adj} coats.',
    'The bricks are all {adj}.',
    'The {noun} {verb} one another.',
    'The butter was {adv} spread.',
    'The houses in the suburb were {adj}.',
    'The {noun} had {adj} freckles.',
    'The paint covers the wall {adv}.',
    'The copies {verb} the first photo.',
    'Each egg was {adj} to the next.',
    'The {noun} of the rows tired the eye.',
    'The bottles from the factory are {adj}.',
    'The cake was cut {adv} for the {noun}.',
    'The shoes {verb}, for they were {adj}.',
    'The {noun} dressed {adv}.',
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
  },
  [
    'The bazaar sold {adj} spices.',
    'The menu offers a {noun} of dishes.',
    'The quilt has {adj} patches.',
    'The opinions {verb}.',
    'The jungle is home to {adj} birds.',
    'Every parrot was {adv} coloured.',
    'A {noun} of chocolates lay in the tin.',
    'The prices {verb} from stall to stall.',
    'The {adj} costumes {verb}.',
    'A bouquet of {adj} flowers, a {noun} of scents.',
    'The buttons were {adj}, a whole {noun}.',
    'The students answered {adv}.',
    'The {noun} of fish on the reef is great.',
    'The salad is a {noun} of {adj} leaves.',
  ],
);

export const UNIQUE: Pole = definePole(
  'unique',
  'Unique',
  {
    adj: 'unique special original singular unmatched distinctive',
    noun: 'masterpiece fingerprint originality uniqueness',
    verb: 'astonished dazzled amazed fascinated',
    adv: 'uniquely specially distinctively singularly',
  },
  [
    'The statue is a {noun}.',
    'There is only one such violin, it is {adj}.',
    'Each {noun} is {adj}.',
    'The genius {verb} with a {adj} idea.',
    'The designer cut the dress {adv}.',
    'Nobody else has {his} {adj} style.',
    'The {adj} sculpture {verb} the gallery.',
    'The poet is known for {noun}.',
    'The {adj} violin was {adv} made.',
    'The {noun} hangs in the gallery.',
    'The unicorn is a {adj} creature.',
    'With such {noun} the artist {verb}.',
    'The {adj} flavour {verb} the guests.',
    'The signature is {adj}, like a {noun}.',
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
  },
  [
    'It is a {adj} suburb with {adj} lawns.',
    'The employees {adv} wear grey.',
    'The {noun} is two children per family.',
    '{S} bought a {adj} toaster.',
    'People {adv} eat at seven.',
    'The {adj} office worker {verb}.',
    'By {noun} one shakes hands.',
    'The shirt is of {adj} cotton.',
    'Sandwiches are {adv} served with tea.',
    'The {adj} sandwich {verb}.',
    'The employees {verb} to the {noun}.',
    'The sedan is a {adj} model, the {noun}.',
    'Monday was a {adj} weekday.',
    'The pattern is {adv} the {noun}.',
  ],
);
