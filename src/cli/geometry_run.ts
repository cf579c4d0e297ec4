/** @file The work of `antipode geometry`: opens what was named, measures each SAE, prints the tables and writes the run folder. */

import { resolve } from 'node:path';
import { type ConceptSet, countConcepts } from '../concepts/concept_set.ts';
import { namedPairs } from '../concepts/published.ts';
import { checkOutputDirectory } from '../formats/atomic.ts';
import type { MeasureSaeOptions } from '../geometry/measure_options.ts';
import { checkConcepts, measureSae } from '../geometry/measure_sae.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import type { DisplayTable } from '../report/display.ts';
import { geometryDisplay } from '../report/geometry_display.ts';
import type { GeometrySubject } from '../report/geometry_subject.ts';
import { GEOMETRY_SCHEMA_VERSION, geometryTables } from '../report/geometry_tables.ts';
import type { GeometryFigure } from '../report/plots/geometry_figures.ts';
import { RUN_FOLDER, type RunContents } from '../report/run_directory.ts';
import { coFiringOf } from './co_firing.ts';
import type { CliContext } from './context.ts';
import type { GeometryFlags } from './geometry_flags.ts';
import { type GeometryInput, openGeometryInputs } from './geometry_inputs.ts';
import { planGeometry } from './geometry_plan.ts';
import { visible } from './output.ts';
import { publishedIfItFits, publishedThatFits } from './published_numbers.ts';
import { conceptOptionWords, inputFiles, optionWords, saeFacts, versionFacts } from './run_facts.ts';
import { giveResult } from './run_result.ts';
import { closeAll } from './several_saes.ts';
import { type UpdateStage, withStages } from './stage_progress.ts';

export const GEOMETRY_TITLE = 'Do opposite concepts point in opposite directions?';

/** Extreme pairs that tables for the eye show at each end; files and JSON hold all of `--top`. */
const SHOWN_EXTREMES = 10;

/** Left to the files: they have one row per feature of the dictionary. */
const FILE_ONLY = new Set(['same_feature', 'antipodality']);

/** @throws {AntipodeError} for anything named that is missing or wrong; nothing is written then */
export async function runGeometry(context: CliContext, flags: GeometryFlags): Promise<void> {
  const out = flags.out === undefined ? undefined : resolve(context.cwd, flags.out);
  if (out !== undefined) await checkOutputDirectory(out, RUN_FOLDER);
  if (flags.dryRun) {
    await planGeometry(context, flags);
    return;
  }
  const inputs = await openGeometryInputs(context, flags);
  try {
    const subjects = await measureInputs(context, flags, inputs);
    const { contents, display } = geometryResult(subjects, inputs, flags);
    await giveResult(context, flags.out, {
      kind: RUN_FOLDER,
      title: GEOMETRY_TITLE,
      tables: contents.tables,
      shownTables: contents.tables.filter(({ name }) => !FILE_ONLY.has(name)),
      display: display(SHOWN_EXTREMES),
      report: () => display(flags.top),
      figures: async () => {
        // Drawing takes libraries that a run without a folder need not load.
        const { geometryFigures } = await import('../report/plots/geometry_figures.ts');
        return svgsOf(await geometryFigures(contents.tables));
      },
      facts: contents.facts,
      inputs: contents.inputs,
      ids: [],
    });
  } finally {
    await closeAll(inputs);
  }
}

export interface GeometryResult {
  readonly subjects: readonly GeometrySubject[];
  readonly contents: Pick<RunContents, 'facts' | 'inputs' | 'tables'>;
  readonly display: (shownExtremes: number) => DisplayTable[];
}

async function measureInputs(
  context: CliContext,
  flags: GeometryFlags,
  inputs: readonly GeometryInput[],
): Promise<GeometrySubject[]> {
  const subjects: GeometrySubject[] = [];
  for (const input of inputs) {
    warnOf(context, input);
    const geometry = await withStages(context, (update) =>
      measureSae(measureOptions(context, flags, { input, update })),
    );
    const { sae } = input;
    const coFiring =
      geometry.extremes.length > 0 ? await coFiringOf(sae, geometry.extremes, context.signal) : undefined;
    subjects.push(subjectOf(context, input, { geometry, coFiring }));
  }
  return subjects;
}

/** @throws {AntipodeError} for concept features outside the dictionary */
export function warnOf(context: CliContext, input: GeometryInput): void {
  for (const warning of checkConcepts(input)) context.out().warn(visible(warning));
}

/** @param update absent where nothing takes long */
export function measureOptions(
  context: CliContext,
  flags: GeometryFlags,
  { input, update }: { readonly input: GeometryInput; readonly update?: UpdateStage },
): MeasureSaeOptions {
  const { sae, concepts, notes } = input;
  const published = publishedThatFits(sae.header);
  return {
    sae,
    concepts,
    spaces: flags.spaces,
    parts: flags.only,
    seed: flags.seed,
    randomPairs: flags.randomPairs,
    top: flags.top,
    draws: flags.draws,
    denseAbove: flags.denseAbove,
    densityOf: (feature) => notes.density(feature),
    ...(published && {
      named: { encoder: namedPairs(published, 'encoder'), decoder: namedPairs(published, 'decoder') },
    }),
    signal: context.signal,
    ...(flags.threads !== undefined && { threads: flags.threads }),
    ...(update && {
      onProgress: (stage: string, done: number, total: number) =>
        update(`${sae.header.identity.label}: ${stage}`, done, total),
    }),
  };
}

export function subjectOf(
  context: CliContext,
  { sae, notes }: GeometryInput,
  found: Pick<GeometrySubject, 'coFiring' | 'geometry'>,
): GeometrySubject {
  return { ...found, notes, published: publishedIfItFits(context, sae.header) };
}

export interface GeometryResult {
  readonly subjects: readonly GeometrySubject[];
  readonly contents: Pick<RunContents, 'facts' | 'inputs' | 'tables'>;
  readonly display: (shownExtremes: number) => DisplayTable[];
}

/** All that `antipode geometry` writes and prints. */
export function geometryResult(
  subjects: readonly GeometrySubject[],
  inputs: readonly GeometryInput[],
  flags: GeometryFlags,
): GeometryResult {
  return {
    subjects,
    contents: {
      tables: geometryTables(subjects),
      facts: runFacts(subjects, inputs, flags),
      inputs: inputs.flatMap(({ sae, explanationFiles }) => inputFiles(sae, explanationFiles)),
    },
    display: (shownExtremes) =>
      geometryDisplay(subjects, { shownExtremes, seed: flags.seed, denseAbove: flags.denseAbove }),
  };
}

/** By file name. */
export function svgsOf(figures: readonly GeometryFigure[]): Map<string, string> {
  return new Map(figures.map(({ file, svg }) => [file, svg]));
}

/** Everything that decides the numbers; neither the time, nor the folder, nor the number of threads does. */
function runFacts(
  subjects: readonly GeometrySubject[],
  inputs: readonly GeometryInput[],
  flags: GeometryFlags,
): Record<string, unknown> {
  return {
    schema: 'geometry',
    schema_version: GEOMETRY_SCHEMA_VERSION,
    ...versionFacts(),
    command: commandLine(flags),
    seed: flags.seed,
    parameters: {
      spaces: flags.spaces,
      parts: flags.only,
      random_pairs: flags.randomPairs,
      draws: flags.draws,
      dense_above: flags.denseAbove,
      top: flags.top,
      strong_cosine: STRONG_COSINE,
    },
    saes: subjects.map(({ geometry: { header, concepts, defects } }, index) => ({
      ...saeFacts(header),
      defects,
      concepts: conceptFacts(concepts),
      explanations: inputs[index]!.explanationFacts,
    })),
  };
}

function conceptFacts(concepts: ConceptSet): Record<string, unknown> {
  const counts = countConcepts(concepts);
  return {
    id: concepts.id,
    title: concepts.title,
    sha256: concepts.sha256,
    concepts: counts.concepts,
    slots: counts.slots,
    features: counts.features,
    pairs: counts.pairs,
    skipped_pairs: counts.skippedPairs,
  };
}

/** The command that gives the same result, without the options that do not change it. */
function commandLine(flags: GeometryFlags): string[] {
  return [
    'antipode',
    'geometry',
    ...conceptOptionWords(flags),
    ...optionWords('--spaces', flags.spaces.join(',')),
    ...optionWords('--only', flags.only.join(',')),
    ...optionWords('--seed', flags.seed),
    ...optionWords('--random-pairs', flags.randomPairs),
    ...optionWords('--draws', flags.draws),
    ...optionWords('--dense-above', flags.denseAbove),
    ...optionWords('--top', flags.top),
  ];
}
