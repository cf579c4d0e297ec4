/** @file The options that `antipode steer`, `steer run` and `steer calibrate` share. None has a default of its own here: a spec may say it, and METHOD does else. */

import type { Command } from 'commander';
import { STEER_METHODS, STEER_POSITIONS, STRENGTH_UNITS } from '../steering/arm.ts';
import {
  MAX_LAYER,
  MAX_NEW_TOKENS,
  MAX_STRENGTH,
  MAX_TEMPERATURE,
  MIN_STRENGTH,
} from '../steering/limits.ts';
import { addModelOptions } from './model_options.ts';
import { choiceOption, collect, integerOption, numberOption, numbersOption } from './options.ts';
import { addSaeOptions } from './sae_options.ts';
import { addSamplingOptions } from './sampling_options.ts';

export function addSteerOptions(command: Command): Command {
  addModelOptions(command)
    .option(
      '--sae <ref>',
      'the SAE whose features steer, as in antipode geometry (default: the embedded one)',
    )
    .option(
      '--layer <index>',
      'of the SAE, where its files do not say it',
      integerOption('--layer', 0, MAX_LAYER),
    )
    .option(
      '--pair <a:b>',
      'the poles by name, such as happy:sad, looked up in the pairs that are known for the SAE (default for the embedded SAE: the pair its card recommends)',
    )
    .option('--concepts <file>', 'look --pair up in this concept file or catalogue instead')
    .option(
      '--pole <name=features>',
      'a pole by its features instead, twice: --pole Happy=11697 --pole Sad=15682,15539',
      collect,
    )
    .option(
      '--method <name>',
      'add, project-out, orthogonal or clamp (default: add)',
      choiceOption('--method', STEER_METHODS),
    )
    .option(
      '--unit <name>',
      'what --strength counts: absolute (times the decoder row), max-activation, or mean-norm (of the residual stream) (default: absolute, or as the embedded card says)',
      choiceOption('--unit', STRENGTH_UNITS),
    )
    .option(
      '--strength <number>',
      'of a pole, in the unit (default: 100 absolute, 1 max-activation, 0.5 mean-norm, or as the embedded card says)',
      numberOption('--strength', MIN_STRENGTH, MAX_STRENGTH),
    )
    .option(
      '--positions <name>',
      'all, as pyvene does; no-special leaves special tokens out; generated the whole prompt (default: all)',
      choiceOption('--positions', STEER_POSITIONS),
    );
  return addSaeOptions(addSamplingOptions(addTextFlags(command)));
}

function addTextFlags(command: Command): Command {
  return command
    .option('-p, --prompt <text>', 'what is answered; repeatable (default: "How are you?")', collect)
    .option('--chat', 'the prompt is one message of a user, written by the model’s own chat template')
    .option('--system <text>', 'with --chat: the system message before it')
    .option(
      '-n, --n-predict <count>',
      'new tokens per reply at most (default: 64)',
      integerOption('--n-predict', 1, MAX_NEW_TOKENS),
    )
    .option('-s, --seed <integer>', 'of all draws (default: 0)', integerOption('--seed', 0))
    .option(
      '--temp <number>',
      'temperature (default: 1, for the embedded model 0.7)',
      numberOption('--temp', 0, MAX_TEMPERATURE),
    );
}

export const strengthsOption: (text: string) => number[] = numbersOption(
  '--strengths',
  MIN_STRENGTH,
  MAX_STRENGTH,
);
