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
    '{S} wrote {adv} to {his} {thing}.',
    'The {thing} {verb} {S}.',
    '{S} held {his} {thing} {adv}.',
    'Roses are for a {adj} {thing}.',
    'The {adj} mother {verb} the children.',
    '{S} kissed {his} {thing} {adv}.',
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
    'The {thing} {verb} all people.',
    'The {thing} sneered {adv}.',
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
    'The {thing} nodded {adv}.',
    'A {adj} report came from the {thing}.',
    'The {thing} stood up in {noun}.',
    'Well done, wrote the {thing} {adv}.',
    'The {thing} {verb} {his} work.',
    'All five letters were {adj}.',
    'The best of all, said the {thing} with {noun}.',
    'They spoke {adv} of {S} and {verb} {him}.',
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
    'The {thing} {verb} the cook.',
    '{S} had to hear {noun} from the {thing}.',
    'The {thing} shook the head {adv}.',
    'The {thing} {verb} {S} for it.',
    '{S} read {adv} what the {thing} wrote.',
    'The {thing} complained and {verb} the driver.',
    'Much {noun} met {S} and {his} work.',
    'The {adj} {thing} {verb} the play.',
    'They wrote {adv} about {him}.',
    'Such a {adj} remark means {noun}.',
  ],
);
