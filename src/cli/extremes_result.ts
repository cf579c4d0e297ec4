/** @file The result of a search for extremes: tables, report and manifest, the same whether it was searched in one piece or in parts. */

import type { SpaceExtremes } from '../geometry/find_extremes.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import { extremesDisplay } from '../report/extremes_display.ts';
import type { ExtremesSubject } from '../report/extremes_subject.ts';
import { EXTREMES_SCHEMA_VERSION, extremesTables } from '../report/extremes_tables.ts';
import { runFolderKind } from '../report/run_directory.ts';
import { type ComparedSae, knownSae } from './compared_saes.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { publishedIfItFits } from './published_numbers.ts';
import { inputFiles, optionWords, saeFacts, searchOptionWords, versionFacts } from './run_facts.ts';
import { giveResult } from './run_result.ts';

export const EXTREMES_FOLDER: ReturnType<typeof runFolderKind> = runFolderKind('extremes');

/** What decides the numbers, and where they go. */
export type ResultFlags = Omit<
  ExtremesFlags,
  'device' | 'threads' | 'dryRun' | 'shard' | 'checkpoint' | 'memory'
>;

/** @throws {AntipodeError} as `giveResult` */
export async function giveExtremes(
  context: CliContext,
  flags: ResultFlags,
  saes: readonly ComparedSae[],
  found: readonly SpaceExtremes[],
): Promise<void> {
  const [a, b] = saes as [ComparedSae, ComparedSae | undefined];
  const subject: ExtremesSubject = {
    a: knownSae(a),
    b: b && knownSae(b),
    found,
    filter: densityFilter(flags),
    published: b ? undefined : publishedIfItFits(context, a.sae.header),
  };
  await giveResult(context, flags.out, {
    kind: EXTREMES_FOLDER,
    title: 'The most aligned and most opposed features',
    tables: extremesTables(subject),
    display: extremesDisplay(subject),
    facts: runFacts(subject, saes, flags),
    inputs: saes.flatMap(({ sae, explanationFiles }) => inputFiles(sae, explanationFiles)),
    ids: found.flatMap(({ extremes }) => extremes.map(({ featureA, featureB }) => `${featureA},${featureB}`)),
  });
}

/** Everything that decides the numbers; neither the time, nor the folder, nor the number of threads does. */
function runFacts(
  { found }: ExtremesSubject,
  saes: readonly ComparedSae[],
  flags: ResultFlags,
): Record<string, unknown> {
  return {
    schema: 'extremes',
    schema_version: EXTREMES_SCHEMA_VERSION,
    ...versionFacts(),
    command: commandLine(flags),
    parameters: {
      spaces: flags.spaces,
      top: flags.top,
      min_density: flags.minDensity ?? null,
      max_density: flags.maxDensity ?? null,
      census: flags.census ?? null,
      strong_cosine: STRONG_COSINE,
    },
    saes: saes.map(({ sae, explanationFacts }, index) => ({
      ...saeFacts(sae.header),
      defects: found.flatMap(({ space, a, b }) =>
        ((index === 0 ? a : b)?.defects ?? []).map((defect) => ({ space, ...defect })),
      ),
      explanations: explanationFacts,
    })),
  };
}

/** The command that gives the same result, without the options that do not change it. */
function commandLine(flags: ResultFlags): string[] {
  return [
    'antipode',
    'extremes',
    ...optionWords('--sae', flags.sae),
    ...searchOptionWords(flags),
    ...optionWords('--census', flags.census),
  ];
}
