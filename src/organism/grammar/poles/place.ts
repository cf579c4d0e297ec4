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
  },
  [
    'The {adj} organs are behind the ribs.',
    'The worm {verb} into the {noun} of the apple.',
    'Rain kept {S} {adv}.',
    'The {adj} pocket of the coat has a silk {noun}.',
    'The {noun} of the nut is sweet.',
    'The doors open {adv}.',
    'The {adj} chamber is deep {adv}.',
    'The heart is a {adj} organ.',
    'Termites {verb} in the {noun} of the beam.',
    'The {adj} room can only be {verb} with a key.',
    'The {noun} of the bone makes blood.',
    'The voice came from {adv}.',
    'The {adj} struggle went on {adv}.',
    'The squirrel {verb} in the {adj} hollow.',
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
  },
  [
    'The {adj} paint peels off the {noun}.',
    'A moat {verb} the castle.',
    'They had a picnic {adv}.',
    'The {noun} of the pie is hard.',
    'The {adj} stairs run along the {noun}.',
    'Ivy {verb} the {noun} of the mansion.',
    'The crab hid under its {adj} {noun}.',
    'The windows open {adv}.',
    'The {adj} layer protects against rain.',
    'Varnish {verb} the {adj} side.',
    'The {noun} of the bread was crisp.',
    'A hedge {verb} the estate.',
    'The {adj} planets circle far {adv}.',
    'Scaffolding {verb} the {adj} walls.',
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
  },
  [
    '{S} {verb} the stroller {adv}.',
    'With a {noun} the door flew open.',
    'The bulldozer {verb} the rubble {adv}.',
    'He gave the swing a {noun}.',
    'The {adj} crowd {verb} against the fence.',
    '{S} {verb} the doorbell button.',
    'The elbow of a passenger gave {him} a {noun}.',
    'One more {noun}, and the rock moved {adv}.',
    'The goat {verb} with its horns.',
    '{S} {verb} the wheelbarrow up the ramp.',
    'The {adj} passengers {verb} {adv}.',
    'The piston gives a {noun}.',
    '{he} {verb} the cork into the bottle.',
    'By {adj}, {S} moved the wardrobe {adv}.',
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
  },
  [
    'The huskies {verb} the sledge.',
    '{S} {verb} the rope {adv}.',
    'With a {noun} the tooth came out.',
    'The tractor {verb} the trailer.',
    'The fishermen {verb} the net {adv}.',
    'A {noun} at the sleeve woke {S}.',
    '{S} {verb} the blanket {adv}.',
    'The {adj} horses {verb} the coach.',
    'The magnet has a steady {noun}.',
    'One {noun} at the string, and the puppet danced.',
    'The mules were {adj} the wagon.',
    '{he} {verb} the weeds out of the soil.',
    'The {adj} dog gave the leash a {noun}.',
    'The winch {verb} the anchor {adv}.',
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
  },
  [
    'The {adj} baker knows all of the {noun}.',
    'The villagers {verb} at the {adj} inn.',
    'Cheese is made {adv}, in the {noun}.',
    'The {adj} bus stops at the church of the {noun}.',
    'The {noun} elects a {adj} council.',
    'The {adj} dialect is spoken {adv}.',
    'The {noun} has one pub and a post office.',
    'Neighbours {verb} over the fence.',
    'The {adj} farmers sell {adv}.',
    'In the {noun} people {verb} after church.',
    'The {adj} choir sings for the {noun}.',
    'The apples are grown {adv}.',
    'The {adj} fair is held in the {noun}.',
    'The {adj} council {verb} at the pub.',
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
  },
  [
    'The {adj} airline flies to all continents.',
    'The satellite {verb} the {noun}.',
    'Leaders of ninety nations signed the {adj} treaty.',
    'The song became popular {adv}.',
    'The {adj} climate concerns the whole {noun}.',
    'Oceans cover most of the {noun}.',
    'The {adj} bank lends to many nations.',
    'The virus spread {adv}, over the {noun}.',
    'The trade route {verb} continents.',
    'The {adj} organization feeds millions {adv}.',
    'Ships carry goods around the {noun}.',
    'The {adj} congress of presidents was broadcast {adv}.',
    'Explorers {verb} the {noun}.',
    'The internet is {adj} and reaches all continents.',
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
  },
  [
    'The wagons are {adj} by a hook.',
    'The cable is the {noun} between the computers.',
    'The two rivers {verb} below the dam.',
    'The pieces are glued {adv} and {adj}.',
    'A handshake sealed the {noun}.',
    'The rings of the necklace are {adj}.',
    'The cousins {verb} and sang {adv}.',
    'The {adj} states signed the {noun}.',
    'The tunnel is a {noun} under the strait.',
    'They tied the rafts {adv}.',
    'The roots {verb} and grew {adv}.',
    'The phones are {adj} to the {noun}.',
    'The workers {verb} and formed a {noun}.',
    'The rails are {adj} with bolts.',
  ],
);

export const ISOLATED: Pole = definePole(
  'isolated',
  'Isolated',
  {
    adj: 'isolated lonely secluded remote separate detached',
    noun: 'isolation solitude hermit exile',
    verb: 'withdrew retreated separated disconnected',
    adv: 'alone apart separately remotely',
  },
  [
    'The {noun} lived {adv} in a hut.',
    'The {adj} lighthouse keeper had no visitors.',
    'The {noun} {verb} to the desert.',
    'No road leads to the {adj} hamlet.',
    '{S} ate {adv} in {noun}.',
    'The castaway sat {adv} on a {adj} island.',
    'The sick were kept {adv}.',
    'The prisoner spent years in {noun}.',
    'The {adj} cabin lies far {adv}.',
    'The monk {verb} into {noun}.',
    'The {adj} tribe has no contact with strangers.',
    'The castaway grew {adj} in {noun}.',
    '{he} {verb} and lived {adv}.',
    'The {adj} wire was cut, and the station {verb}.',
  ],
);
