/** @file The options of commands about SAEs; those that say how a file is to be read are shared by all commands that open one. */

import type { Command } from 'commander';
import { collect } from './options.ts';

export interface SaeFlags {
  readonly map?: readonly string[];
  readonly transpose?: readonly string[];
  readonly format?: string;
  readonly revision?: string;
}

export interface SaeListFlags {
  readonly cached?: boolean;
}

export function addSaeOptions(command: Command): Command {
  return command
    .option(
      '--map <name=tensor>',
      'for unknown layouts: W_enc=encoder_weights, b_dec=pre_bias, k=32; W_enc.rows= or W_enc.columns= says where features are; repeatable',
      collect,
    )
    .option(
      '--transpose <matrix>',
      'W_enc or W_dec is stored transposed against its format; repeatable',
      collect,
    )
    .option('--format <name>', 'the layout by name (default: by file and tensor names)')
    .option(
      '--revision <name>',
      'branch, tag or commit of a published SAE (default: main, or what its URL says)',
    );
}
