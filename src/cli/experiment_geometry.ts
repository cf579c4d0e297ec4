/**
 * @file The stages of an experiment that look at dictionaries, each in a folder of the run: `geometry` leaves the cosines that rows give, `search` what the exhaustive passes
 * find, as tables that the next stage reads; `statistics` is in `experiment_statistics.ts`.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExperimentSpec } from '../experiment/experiment_spec.ts';
import type { Stage } from '../experiment/stages.ts';
import { hashFile } from '../formats/hash_file.ts';
import type { Table } from '../formats/table.ts';
import { type CountedTogether, coFiringTables } from '../geometry/co_firing_tables.ts';
import { cosinesTables, readCosines } from '../geometry/cosines_tables.ts';
import { measureCosines, type SaeCosines } from '../geometry/measure_cosines.ts';
import { GEOMETRY_PARTS } from '../geometry/parts.ts';
import { readForParts, readWhole } from '../geometry/sae_rows.ts';
import { searchSae } from '../geometry/search_sae.ts';
import { type FoundInSae, searchTables } from '../geometry/search_tables.ts';
import type { StageTables } from '../geometry/stage_tables.ts';
import { DENSE_ABOVE } from '../geometry/test_defaults.ts';
import { runFolderKind, writeRunDirectory } from '../report/run_directory.ts';
import { readTables } from '../report/run_folders.ts';
import { coFiringOf } from './co_firing.ts';
import type { CliContext } from './context.ts';
import type { GeometryFlags } from './geometry_flags.ts';
import { type GeometryInput, openGeometryInputs } from './geometry_inputs.ts';
import { measureOptions, warnOf } from './geometry_run.ts';
import type { StageName } from './run_command.ts';
import { versionFacts } from './run_facts.ts';
import { closeAll, withDistinctLabels } from './several_saes.ts';
import { withStages } from './stage_progress.ts';

export interface GeometryStageOptions {
  readonly spec: ExperimentSpec;
  /** The run folder, and how the user named it. */
  readonly dir: string;
  readonly shown: string;
  readonly threads: number | undefined;
}

/** Raised when a column of the tables between stages changes its meaning or goes. */
const STAGE_SCHEMA_VERSION = 1;

export function geometryStage(context: CliContext, options: GeometryStageOptions): Stage<StageName> {
  const flags = flagsOf(options);
  return {
    name: 'geometry',
    reads: [],
    folder: 'geometry',
    inputs: () =>
      withInputs(context, options, async (inputs) => {
        const { only, randomPairs, seed, spaces } = flags;
        return {
          ...versionFacts(),
          flags: { only, randomPairs, seed, spaces },
          saes: await Promise.all(inputs.map((input) => inputFacts(input, context.signal))),
        };
      }),
    run: (isAnew) =>
      withInputs(context, options, async (inputs) => {
        const found: { readonly sae: string; readonly cosines: SaeCosines }[] = [];
        for (const input of inputs) {
          warnOf(context, input);
          const asked = measureOptions(context, flags, { input });
          found.push({ sae: labelOf(input), cosines: measureCosines(asked, await readForParts(asked)) });
        }
        await leaveTables(context, options, {
          stage: 'geometry',
          isAnew,
          tables: cosinesTables(found),
        });
      }),
  };
}

export function searchStage(context: CliContext, options: GeometryStageOptions): Stage<StageName> {
  const flags = flagsOf(options);
  return {
    name: 'search',
    reads: ['geometry'],
    folder: 'search',
    inputs: async () => ({ ...versionFacts(), top: flags.top }),
    run: (isAnew) =>
      withInputs(context, options, async (inputs) => {
        const tables = await tablesOf(options, 'geometry');
        const found: (FoundInSae & CountedTogether)[] = [];
        for (const input of inputs) {
          const sae = labelOf(input);
          const cosines = readCosines(tables, readOptions(input));
          const search = await withStages(context, async (update) => {
            const asked = measureOptions(context, flags, { input, update });
            return searchSae(asked, await readWhole(asked), cosines);
          });
          const { extremes } = search;
          const coFiring =
            extremes.length > 0 ? await coFiringOf(input.sae, extremes, context.signal) : undefined;
          found.push({ sae, cosines, search, extremes, coFiring });
        }
        await leaveTables(context, options, {
          stage: 'search',
          isAnew,
          tables: [...searchTables(found), ...coFiringTables(found)],
        });
      }),
  };
}

/** What another stage left, by name. @throws {AntipodeError} `format` for a damaged table */
export function tablesOf({ dir, shown }: GeometryStageOptions, stage: StageName): Promise<StageTables> {
  return readTables(join(dir, stage), join(shown, stage, '/'));
}

/** As Parquet alone: what people read stands in the tables of `statistics`. Tables without a row are left out. */
async function leaveTables(
  context: CliContext,
  { dir }: GeometryStageOptions,
  {
    stage,
    isAnew,
    tables,
  }: { readonly stage: StageName; readonly isAnew: boolean; readonly tables: readonly Table[] },
): Promise<void> {
  const schema = `experiment-${stage}`;
  const folder = join(dir, stage);
  if (isAnew) await rm(folder, { recursive: true, force: true });
  await writeRunDirectory(
    folder,
    {
      tables: tables.filter(({ rowCount }) => rowCount > 0),
      facts: { schema, schema_version: STAGE_SCHEMA_VERSION, ...versionFacts() },
      inputs: [],
    },
    { kind: runFolderKind(schema), forms: ['parquet'], signal: context.signal },
  );
}

export function labelOf({ sae }: GeometryInput): string {
  return sae.header.identity.label;
}

export function readOptions(input: GeometryInput): Parameters<typeof readCosines>[1] {
  return { sae: labelOf(input), concepts: input.concepts, dSae: input.sae.header.dSae };
}

export function flagsOf({ spec: { geometry, saes, seed }, threads }: GeometryStageOptions): GeometryFlags {
  return {
    sae: saes.map(({ sae }) => sae),
    spaces: geometry.spaces,
    only: GEOMETRY_PARTS,
    seed,
    randomPairs: geometry.randomPairs,
    draws: geometry.draws,
    denseAbove: DENSE_ABOVE,
    top: geometry.top,
    ...(threads !== undefined && { threads }),
  };
}

/** Each dictionary with its own concepts, explanations and explainer. */
export async function withInputs<T>(
  context: CliContext,
  { spec }: GeometryStageOptions,
  work: (inputs: readonly GeometryInput[]) => Promise<T>,
): Promise<T> {
  const inputs: GeometryInput[] = [];
  try {
    for (const { sae, concepts, explanations, explainer } of spec.saes) {
      inputs.push(
        ...(await openGeometryInputs(context, {
          sae: [sae],
          ...(concepts !== undefined && { concepts: [concepts] }),
          ...(explanations !== undefined && { explanations: [explanations] }),
          ...(explainer !== undefined && { explainer }),
        })),
      );
    }
    return await work(withDistinctLabels(inputs));
  } finally {
    await closeAll(inputs);
  }
}

/** What decides the cosines: contents, not where they lie. */
async function inputFacts(
  { concepts, sae: { header } }: GeometryInput,
  signal: AbortSignal,
): Promise<unknown> {
  return {
    label: header.identity.label,
    weights: await Promise.all(header.files.map(({ path }) => hashFile(path, signal))),
    concepts: concepts.sha256,
  };
}
