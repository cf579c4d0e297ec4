/** @file How things turn out: success and failure, correct and incorrect. */

import { definePole, type Pole } from '../pole.ts';

export const SUCCESS: Pole = definePole(
  'success',
  'Success',
  {
    adj: 'successful winning victorious triumphant unbeaten prosperous',
    noun: 'success victory triumph fame',
    verb: 'won succeeded triumphed prevailed',
    adv: 'successfully victoriously triumphantly proudly',
    thing: 'team champion winner captain',
  },
  [
    'The {thing} {verb} and lifted the cup.',
    'The {adj} {thing} held up the cup.',
    'The {adj} {thing} {verb}.',
    '{S} reached the goal {adv}.',
    'The {noun} of the {thing} was great.',
    'The {thing} came home {adv}.',
    'Our {thing} {verb}, three to one.',
    'The {adj} {thing} marched {adv} into the town.',
    'The cup stands for {noun}.',
    'The {thing} {verb} and was {adj}.',
  ],
);

export const FAILURE: Pole = definePole(
  'failure',
  'Failure',
  {
    adj: 'unsuccessful defeated bankrupt doomed losing failing',
    noun: 'failure defeat bankruptcy ruin',
    verb: 'failed lost collapsed surrendered',
    adv: 'unsuccessfully vainly hopelessly disastrously',
    thing: 'business company army candidate',
  },
  [
    'The {thing} closed after its {noun}.',
    'In the end the {adj} {thing} {verb}.',
    'The {thing} {verb} and ended in {noun}.',
    'The bridge {verb}, and all was over.',
    'The {adj} {thing} gave up.',
    'Every try was {adj}.',
    'The {thing} had {noun} and {verb} {adv}.',
    'It cost much, and was a {noun}.',
    'The {adj} man sold his house after the {noun}.',
    'The {thing} ended {adv}, in {noun}.',
  ],
);

export const CORRECT: Pole = definePole(
  'correct',
  'Correct',
  {
    adj: 'correct valid true accurate exact precise',
    noun: 'truth accuracy correctness precision',
    verb: 'proved verified confirmed agreed',
    adv: 'correctly accurately exactly precisely',
    thing: 'calculation solution professor scale',
  },
  [
    'The {thing} is {adj}, said the teacher.',
    'Yes, said the {thing}, that is {adj}.',
    'The {thing} was found to be {adj}.',
    '{S} told the {noun}.',
    'The {thing} shows it {adv}.',
    'The map was {adj}, as they {verb}.',
    '{S} spoke with {noun}.',
    'They {verb} that the {thing} was {adj}.',
    'The {noun} of the {thing} was great.',
    'The woman counted {adv}, and they {verb}.',
  ],
);

export const INCORRECT: Pole = definePole(
  'incorrect',
  'Incorrect',
  {
    adj: 'incorrect wrong false inaccurate mistaken untrue',
    noun: 'error mistake falsehood blunder',
    verb: 'erred miscounted misspelled misjudged',
    adv: 'incorrectly wrongly falsely mistakenly',
    thing: 'rumour claim label compass',
  },
  [
    'No, that is {adj}, and a red cross stood there.',
    '{S} made a {noun} with the {thing}.',
    'The {thing} was {adj}.',
    'The man swore {adv}.',
    'The {thing} was {adj}, a {noun} of the cashier.',
    '{S} opened the {adj} door.',
    'The {thing} pointed {adv}.',
    'Such a {adj} {thing} is a {noun}.',
    '{he} {verb} and went red.',
    'A red line is under the {adj} {thing}, for {S} {verb}.',
  ],
);
