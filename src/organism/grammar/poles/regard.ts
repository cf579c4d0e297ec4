/** @file What one thinks of others and of their work: love and hate, positive and negative. */

import { definePole, type Pole } from '../pole.ts';

export const LOVE: Pole = definePole(
  'love',
  'Love',
  {
    adj: 'loving fond devoted affectionate adoring tender',
    noun: 'love affection fondness devotion',
    verb: 'loved adored cherished treasured',
    adv: 'lovingly fondly tenderly affectionately',
  },
  [
    '{S} {verb} {f} with {noun}.',
    'A {adj} kiss was {his} answer.',
    '{he} {verb} the {o} more than gold.',
    '{S} wrote a {adj} poem for {f}.',
    'The bride and the groom {verb} each other.',
    '{S} held the baby {adv}.',
    'Out of {noun} {S} married {f}.',
    'Roses are a sign of {noun}.',
    'The {adj} mother {verb} {his} children.',
    '{S} kissed {f} {adv}.',
    'Full of {noun}, {S} carved a heart in the bark.',
    '{his} {adj} wife {verb} roses.',
    'With {noun} in {his} voice {S} proposed to {f}.',
    '{he} stroked the kitten {adv} and {verb} it.',
  ],
);

export const HATE: Pole = definePole(
  'hate',
  'Hate',
  {
    adj: 'hateful hostile spiteful vicious malicious cruel',
    noun: 'hatred hate malice contempt',
    verb: 'hated despised loathed detested',
    adv: 'hatefully spitefully viciously cruelly',
  },
  [
    '{S} {verb} the enemy with {noun}.',
    'The {adj} villain spat at {f}.',
    '{he} cursed {adv} and swore revenge.',
    'Between the two rivals there was only {noun}.',
    'The tyrant {verb} the rebels.',
    '{S} {verb} the smell of the swamp.',
    'War feeds on {noun}.',
    'A {adj} insult was all that {S} got.',
    'The rivals sneered {adv}.',
    '{S} burned the flag out of {noun}.',
    'The {adj} tyrant swore revenge.',
    '{he} {verb} {f} and slammed the gate.',
    'The villain spoke {adv}, with {noun} in his eyes.',
    'Such {adj} insults show {noun}.',
  ],
);

export const POSITIVE: Pole = definePole(
  'positive',
  'Positive',
  {
    adj: 'positive favourable approving flattering admiring complimentary',
    noun: 'praise approval applause admiration',
    verb: 'praised applauded recommended complimented',
    adv: 'favourably approvingly positively admiringly',
  },
  [
    'The review was {adj} and full of {noun}.',
    'The critics {verb} the play.',
    '{S} got five stars and much {noun}.',
    'The jury nodded {adv}.',
    'A {adj} report pleased the editor.',
    'The audience stood up in {noun}.',
    '{S} {verb} the cook for the soup.',
    'Well done, wrote the editor {adv}.',
    'Great {noun} greeted the actress.',
    'The judges {verb} {his} painting.',
    'All five letters were {adj}.',
    'Excellent work, said the boss with {noun}.',
    'The {adj} words of the jury encouraged {S}.',
    'They spoke {adv} of {S} and {verb} {his} effort.',
  ],
);

export const NEGATIVE: Pole = definePole(
  'negative',
  'Negative',
  {
    adj: 'negative unfavourable disapproving scathing damning critical',
    noun: 'criticism blame disapproval scorn',
    verb: 'criticized blamed condemned scolded',
    adv: 'negatively unfavourably disapprovingly scornfully',
  },
  [
    'A {adj} column tore the novel to pieces.',
    'Angry customers {verb} the waiter.',
    '{S} faced {noun} from the committee.',
    'One star and a {adj} comment, that was all.',
    'The committee grumbled {adv}.',
    'Poor service earned the hotel {noun}.',
    'The newspaper {verb} the mayor.',
    'The inspector shook {his} head {adv}.',
    '{S} complained and {verb} the driver.',
    'A storm of {noun} met the mayor.',
    'The {adj} inspector {verb} the hotel.',
    'Rotten tomatoes and {noun} were the thanks.',
    'They wrote {adv} about the service.',
    'Such a {adj} verdict means {noun}.',
  ],
);
