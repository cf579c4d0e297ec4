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
    thing: 'bride wife husband darling',
  },
  [
    '{S} {verb} {f} with {noun}.',
    'A {adj} kiss was {his} answer.',
    '{he} {verb} the {o} more than gold.',
    '{S} wrote {adv} to {his} {thing}.',
    'The {thing} {verb} {S}.',
    '{S} held {his} {thing} {adv}.',
    'Out of {noun} {S} married {f}.',
    'Roses are for a {adj} {thing}.',
    'The {adj} mother {verb} the children.',
    '{S} kissed {his} {thing} {adv}.',
    'There is {noun} between {S} and {f}.',
    '{his} {adj} {thing} {verb} roses.',
    'With {noun} in {his} voice {S} spoke to {his} {thing}.',
    '{he} looked {adv} at {f}.',
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
    thing: 'enemy villain tyrant rival',
  },
  [
    '{S} {verb} the {thing}.',
    'The {adj} {thing} spat at {f}.',
    '{he} cursed the {thing} {adv}.',
    'Towards the {thing} there was only {noun}.',
    'The {thing} {verb} all people.',
    'War is made of {noun}.',
    'A {adj} word was all that {S} got from the {thing}.',
    'The {thing} sneered {adv}.',
    '{S} broke the {o} out of {noun}.',
    'The {adj} {thing} wanted revenge.',
    '{he} {verb} {f} with all {his} {noun}.',
    'The {thing} spoke {adv}, with {noun} in his eyes.',
    'How {S} {verb} that {adj} man.',
    'Revenge, said the {thing} {adv}.',
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
    thing: 'audience jury judges fans',
  },
  [
    'The review was {adj} and full of {noun}.',
    'The {thing} {verb} {S}.',
    '{S} got five stars and much {noun}.',
    'The {thing} nodded {adv}.',
    'A {adj} report came from the {thing}.',
    'The {thing} stood up in {noun}.',
    'Well done, wrote the {thing} {adv}.',
    'Great {noun} greeted {S}.',
    'The {thing} {verb} {his} work.',
    'All five letters were {adj}.',
    'The best of all, said the {thing} with {noun}.',
    'The {adj} words of the {thing} did {S} good.',
    'They spoke {adv} of {S} and {verb} {him}.',
    'Five stars from the {thing}, who {verb} the show.',
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
    thing: 'inspector committee newspaper customer',
  },
  [
    'A {adj} article tore {his} work to pieces.',
    'The {thing} {verb} the cook.',
    '{S} had to hear {noun} from the {thing}.',
    'One star and a {adj} remark, that was all.',
    'The {thing} shook the head {adv}.',
    'Poor work brings {noun}.',
    'The {thing} {verb} {S} for it.',
    '{S} read {adv} what the {thing} wrote.',
    'The {thing} complained and {verb} the driver.',
    'Much {noun} met {S} and {his} work.',
    'The {adj} {thing} {verb} the play.',
    'Rotten eggs and {noun} were the thanks.',
    'They wrote {adv} about {him}.',
    'Such a {adj} remark means {noun}.',
  ],
);
