/** @file The smallest experiment with all stages, on what ships, and what a run of it leaves. */

import { join } from 'node:path';
import { type CommandResult, type Place, snapshot } from './run_command.ts';

export const SPEC = `antipode: 1
title: A small one
saes:
  - sae: organism/1-res-2k
geometry: { random_pairs: 5, top: 3, draws: 99 }
steering:
  sae: organism/2-res-2k
  pair: happy:sad
  replies: 2
  examples: 12
  random: 1
  max_new_tokens: 12
`;

export const STAGES = ['geometry', 'search', 'statistics', 'steering', 'judge', 'report'] as const;

/** All that tells the time. */
export const MANIFEST = 'manifest.json';

/** The files of a run folder with their bytes, without what tells the time. */
export function whatIsIn({ cwd }: Place, folder: string): Map<string, string> {
  const files = snapshot(join(cwd, folder));
  files.delete(MANIFEST);
  return files;
}

/** Which stages ran, as told on stderr. */
export function stagesOf({ stderr }: CommandResult): string[] {
  return stderr
    .split('\n')
    .filter((line) => / …$/.test(line))
    .map((line) => line.slice(0, -2));
}
