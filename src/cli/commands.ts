/** @file The list of commands, in the order of `antipode --help`. Adding a command is one file and one line here. */

import { conceptsCommand } from './concepts_command.ts';
import type { CommandFactory } from './program.ts';

export const commandFactories: readonly CommandFactory[] = [conceptsCommand];
