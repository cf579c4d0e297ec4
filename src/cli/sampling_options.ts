/** @file How replies are drawn: the options of every command that generates, named as llama.cpp's users know them. */

import type { Command } from 'commander';
import { collect, integerOption, numberOption } from './options.ts';

/** Without the temperature, whose default differs between commands. */
export function addSamplingOptions(command: Command): Command {
  return command
    .option(
      '--top-k <count>',
      'draw among the k likeliest tokens (default: all)',
      integerOption('--top-k', 1),
    )
    .option(
      '--top-p <share>',
      'draw among the likeliest tokens that reach this share (default: 1)',
      numberOption('--top-p', 0, 1),
    )
    .option(
      '--repeat-penalty <number>',
      'divides logits of tokens seen before (default: 1)',
      numberOption('--repeat-penalty', 0.01, 100),
    )
    .option('--stop <text>', 'end a reply before this text; repeatable', collect);
}
