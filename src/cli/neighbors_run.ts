/** @file The work of `antipode neighbors`: opens what was named, compares, prints the tables and writes the run folder. */

import { resolve } from 'node:path';
import { checkOutputDirectory } from '../formats/atomic.ts';
import { type FeatureNeighbors, neighborsOf } from '../geometry/find_neighbors.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import { neighborsDisplay } from '../report/neighbors_display.ts';
import type { NeighborsSubject } from '../report/neighbors_subject.ts';
import { NEIGHBORS_SCHEMA_VERSION, neighborsTables } from '../report/neighbors_tables.ts';
import { runFolderKind } from '../report/run_directory.ts';
import { type ComparedSae, knownSae, openComparedSaes } from './compared_saes.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import { askedFeatures, indicesIn, saeOf } from './neighbor_features.ts';
import type { NeighborsFlags } from './neighbors_flags.ts';
import { planNeighbors } from './neighbors_plan.ts';
import { inputFiles, optionWords, saeFacts, searchOptionWords, versionFacts } from './run_facts.ts';
import { giveResult } from './run_result.ts';
import { closeAll } from './several_saes.ts';
import { withStages } from './stage_progress.ts';

const FOLDER = runFolderKind('neighbors');

/** @throws {AntipodeError} for anything named that is missing or wrong; nothing is written then */
export async function runNeighbors(
  context: CliContext,
  texts: readonly string[],
  flags: NeighborsFlags,
): Promise<void> {
  const filter = densityFilter(flags);
  const asked = askedFeatures(texts);
  const ref = saeOf(asked, flags.sae);
  const out = flags.out === undefined ? undefined : resolve(context.cwd, flags.out);
  if (out !== undefined) await checkOutputDirectory(out, FOLDER);
  const refs = [ref, ...(flags.with ?? [])];
  if (flags.dryRun) {
    const count = new Set(asked.map((feature) => feature.ref.index)).size;
    await planNeighbors(context, flags, { refs, count });
    return;
  }
  const saes = await openComparedSaes(context, flags, refs);
  try {
    const features = indicesIn(asked, saes[0]!.sae.header);
    const found = await search(context, flags, { saes, features });
    const subject: NeighborsSubject = { saes: saes.map(knownSae), found, filter };
    await giveResult(context, flags.out, {
      kind: FOLDER,
      title: 'Neighbors of features',
      tables: neighborsTables(subject),
      display: neighborsDisplay(subject),
      facts: runFacts(saes, flags, { ref, features }),
      inputs: saes.flatMap(({ sae, explanationFiles }) => inputFiles(sae, explanationFiles)),
      ids: found.flatMap(({ neighbors }) => neighbors.map(({ featureB }) => String(featureB))),
    });
  } finally {
    await closeAll(saes);
  }
}

async function search(
  context: CliContext,
  flags: NeighborsFlags,
  { saes, features }: { readonly saes: readonly ComparedSae[]; readonly features: readonly number[] },
): Promise<FeatureNeighbors[]> {
  const [own, ...others] = saes;
  return withStages(context, (update) =>
    neighborsOf({
      features,
      own: own!,
      others,
      spaces: flags.spaces,
      k: flags.top,
      signal: context.signal,
      onProgress: ({ space, sae }, done, total) =>
        update(`${sae.header.identity.label}: neighbors, ${space}`, done, total),
    }),
  );
}

/** Everything that decides the numbers. */
function runFacts(
  saes: readonly ComparedSae[],
  flags: NeighborsFlags,
  { ref, features }: { readonly ref: string; readonly features: readonly number[] },
): Record<string, unknown> {
  return {
    schema: 'neighbors',
    schema_version: NEIGHBORS_SCHEMA_VERSION,
    ...versionFacts(),
    command: commandLine(flags, ref, features),
    parameters: {
      features,
      spaces: flags.spaces,
      top: flags.top,
      min_density: flags.minDensity ?? null,
      max_density: flags.maxDensity ?? null,
      strong_cosine: STRONG_COSINE,
    },
    saes: saes.map(({ sae, explanationFacts }) => ({
      ...saeFacts(sae.header),
      explanations: explanationFacts,
    })),
  };
}

/** The command that gives the same result, without the options that do not change it. */
function commandLine(flags: NeighborsFlags, ref: string, features: readonly number[]): string[] {
  return [
    'antipode',
    'neighbors',
    ...features.map(String),
    ...optionWords('--sae', ref),
    ...searchOptionWords(flags),
  ];
}
