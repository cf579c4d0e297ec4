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
  },
  [
    'The team {verb} and lifted the trophy.',
    '{S} finished the marathon {adv}.',
    'The {adj} captain held up the cup.',
    'A gold medal crowned the {noun}.',
    'The company made a profit, and the {adj} owner {verb}.',
    '{S} passed the driving test {adv}.',
    'The {noun} was celebrated with fireworks.',
    'At last {S} {verb} and got the medal.',
    'The champion came home {adv}.',
    'The invention brought {noun} and wealth.',
    'Our side {verb}, three goals to one.',
    'The {adj} general marched {adv} into the capital.',
    'The trophy stands for {noun}.',
    'The champion {verb} with a {adj} shot.',
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
  },
  [
    'The bakery closed after its {noun}.',
    'The {adj} army {verb}.',
    '{S} tried {adv} to start the engine.',
    'The business {verb} and ended in {noun}.',
    'The bridge {verb} during the flood test.',
    'The {adj} candidate {verb} the election.',
    'All attempts were {adj}.',
    'The debts led to {noun}.',
    'The experiment {verb} {adv}.',
    'The rocket exploded, a costly {noun}.',
    'The white flag meant {noun}.',
    'The {adj} investor sold his villa after the {noun}.',
    '{he} {verb}, and the bank took the villa.',
    'The mission ended {adv}, in {noun}.',
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
  },
  [
    'The sum is {adj}, and the teacher ticked it.',
    '{S} spelled the word {adv}.',
    'Yes, said the professor, that is {adj}.',
    'The measurement was {adj} to the inch.',
    'The facts {verb} to be {adj}.',
    'The witness told the {noun}.',
    'The scale weighs {adv}.',
    'Two and two is four, which is {adj}.',
    'A green tick marks the {adj} box.',
    'The map was {adj}, as the scouts {verb}.',
    '{S} aimed with {noun}.',
    'The professor {verb}, for the proof was {adj}.',
    'The spelling was checked for {noun}.',
    'The clerk counted {adv}, and the scouts {verb}.',
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
  },
  [
    'No, that is {adj}, and a red cross stood beside it.',
    '{S} made a {noun} in the essay.',
    'The cashier {verb} and gave too much change.',
    'The rumour was {adj}.',
    'The witness swore {adv}.',
    'Two and two is five, which is {adj}.',
    'The {noun} had to be erased.',
    'The label was {adj}, a {noun} of the printer.',
    '{S} dialled the {adj} number.',
    'The compass pointed {adv}.',
    'The referee {verb}, and the fans booed.',
    'Such a {adj} claim is a {noun}.',
    '{he} {verb} and blushed.',
    'The printer {verb} and the label was {adj}.',
  ],
);
