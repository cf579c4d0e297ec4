/** @file The list of commands, in the order of `antipode --help`. Adding a command is one file and one line here. */

import { activationsCommand } from './activations_command.ts';
import { cacheCommand } from './cache_command.ts';
import { conceptsCommand } from './concepts_command.ts';
import { doctorCommand } from './doctor_command.ts';
import { downloadCommand } from './download_command.ts';
import { explainCommand } from './explain_command.ts';
import { extremesCommand } from './extremes_command.ts';
import { featuresCommand } from './features_command.ts';
import { generateCommand } from './generate_command.ts';
import { geometryCommand } from './geometry_command.ts';
import { initCommand } from './init_command.ts';
import { judgeCommand } from './judge_command.ts';
import { mergeCommand } from './merge_command.ts';
import { neighborsCommand } from './neighbors_command.ts';
import { powerCommand } from './power_command.ts';
import type { CommandFactory } from './program.ts';
import { runCommand } from './run_command.ts';
import { runsCommand } from './runs_command.ts';
import { saeCommand } from './sae_command.ts';
import { steerCommand } from './steer_command.ts';
import { trainCommand } from './train_command.ts';

export const commandFactories: readonly CommandFactory[] = [
  runCommand,
  geometryCommand,
  powerCommand,
  extremesCommand,
  mergeCommand,
  neighborsCommand,
  generateCommand,
  steerCommand,
  judgeCommand,
  activationsCommand,
  saeCommand,
  trainCommand,
  conceptsCommand,
  explainCommand,
  featuresCommand,
  initCommand,
  runsCommand,
  downloadCommand,
  cacheCommand,
  doctorCommand,
];
