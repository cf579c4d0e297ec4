/** @file The work of `antipode extremes`: opens what was named, searches, prints the tables and writes the run folder. */

import { resolve } from 'node:path';
import { checkOutputDirectory } from '../formats/atomic.ts';
import { findExtremes, type SpaceExtremes } from '../geometry/find_extremes.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import { extremesDisplay } from '../report/extremes_display.ts';
import type { ExtremesSubject } from '../report/extremes_subject.ts';
import { EXTREMES_SCHEMA_VERSION, extremesTables } from '../report/extremes_tables.ts';
import { runFolderKind } from '../report/run_directory.ts';
import { type ComparedSae, knownSae, openComparedSaes } from './compared_saes.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { planExtremes } from './extremes_plan.ts';
import { publishedIfItFits } from './published_numbers.ts';
import { inputFiles, optionWords, saeFacts, saeOptionWords, versionFacts } from './run_facts.ts';
import { giveResult } from './run_result.ts';
import { closeAll } from './several_saes.ts';
import { withStages } from './stage_progress.ts';

const FOLDER = runFolderKind('extremes');

/** @throws {AntipodeError} for anything named that is missing or wrong; nothing is written then */
export async function runExtremes(context: CliContext, flags: ExtremesFlags): Promise<void> {
  const filter = densityFilter(flags);
  const out = flags.out === undefined ? undefined : resolve(context.cwd, flags.out);
  if (out !== undefined) await checkOutputDirectory(out, FOLDER);
  if (flags.dryRun) {
    await planExtremes(context, flags);
    return;
  }
  const saes = await openComparedSaes(context, flags, [flags.sae, ...[flags.with ?? []].flat()]);
  try {
    const [a, b] = saes as [ComparedSae, ComparedSae | undefined];
    const found = await search(context, flags, saes);
    const subject: ExtremesSubject = {
      a: knownSae(a),
      b: b && knownSae(b),
      found,
      filter,
      published: b ? undefined : publishedIfItFits(context, a.sae.header),
    };
    await giveResult(context, flags.out, {
      kind: FOLDER,
      title: 'The most aligned and most opposed features',
      tables: extremesTables(subject),
      display: extremesDisplay(subject),
      facts: runFacts(subject, saes, flags),
      inputs: saes.flatMap(({ sae, explanationFiles }) => inputFiles(sae, explanationFiles)),
      ids: found.flatMap(({ extremes }) =>
        extremes.map(({ featureA, featureB }) => `${featureA},${featureB}`),
      ),
    });
  } finally {
    await closeAll(saes);
  }
}

async function search(
  context: CliContext,
  flags: ExtremesFlags,
  saes: readonly ComparedSae[],
): Promise<SpaceExtremes[]> {
  const [a, b] = saes as [ComparedSae, ComparedSae | undefined];
  const said = new Set<string>();
  const labels = saes.map(({ sae }) => sae.header.identity.label).join(' and ');
  return withStages(context, (update) =>
    findExtremes({
      a,
      b,
      spaces: flags.spaces,
      k: flags.top,
      census: flags.census === true,
      device: flags.device,
      onDevice: ({ warning }) => {
        // Each space opens it anew.
        if (warning === undefined || said.has(warning)) return;
        said.add(warning);
        context.out().warn(warning);
      },
      ...(flags.threads !== undefined && { threads: flags.threads }),
      signal: context.signal,
      onProgress: (space, done, total) => update(`${labels}: all pairs, ${space}`, done, total),
    }),
  );
}

/** Everything that decides the numbers; neither the time, nor the folder, nor the number of threads does. */
function runFacts(
  { found }: ExtremesSubject,
  saes: readonly ComparedSae[],
  flags: ExtremesFlags,
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
      census: flags.census === true,
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
function commandLine(flags: ExtremesFlags): string[] {
  return [
    'antipode',
    'extremes',
    ...optionWords('--sae', flags.sae),
    ...optionWords('--with', flags.with),
    ...saeOptionWords(flags),
    ...optionWords('--explanations', flags.explanations),
    ...optionWords('--explainer', flags.explainer),
    ...optionWords('--spaces', flags.spaces.join(',')),
    ...optionWords('--top', flags.top),
    ...optionWords('--min-density', flags.minDensity),
    ...optionWords('--max-density', flags.maxDensity),
    ...(flags.census ? ['--census'] : []),
  ];
}
