/** @file The statistics stage of an experiment: tests, classes and verdicts of what geometry and search left, and with them all tables and figures of `antipode geometry`. */

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stage } from '../experiment/stages.ts';
import { hashFile } from '../formats/hash_file.ts';
import { readCoFiring } from '../geometry/co_firing_tables.ts';
import { readCosines } from '../geometry/cosines_tables.ts';
import { concludeSae } from '../geometry/measure_sae.ts';
import { readWhole } from '../geometry/sae_rows.ts';
import { readSearch } from '../geometry/search_tables.ts';
import { isEmbeddedId } from '../hub/embedded_default.ts';
import { geometryDisplay } from '../report/geometry_display.ts';
import type { GeometrySubject } from '../report/geometry_subject.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { type GeometryFigure, geometryFigures } from '../report/plots/geometry_figures.ts';
import { type GeometryPart, PART_FILE, partText, type ReportFigure } from '../report/report_parts.ts';
import { RUN_FOLDER, writeRunDirectory } from '../report/run_directory.ts';
import type { CliContext } from './context.ts';
import {
  flagsOf,
  type GeometryStageOptions,
  labelOf,
  readOptions,
  tablesOf,
  withInputs,
} from './experiment_geometry.ts';
import type { GeometryFlags } from './geometry_flags.ts';
import type { GeometryInput } from './geometry_inputs.ts';
import { GEOMETRY_TITLE, geometryResult, measureOptions, subjectOf, svgsOf } from './geometry_run.ts';
import type { StageName } from './run_command.ts';
import { versionFacts } from './run_facts.ts';

/** Extreme pairs that the report shows at each end; the tables hold all. */
const SHOWN_EXTREMES = 20;

const FOLDER = 'statistics';

export function statisticsStage(context: CliContext, options: GeometryStageOptions): Stage<StageName> {
  const flags = flagsOf(options);
  return {
    name: 'statistics',
    reads: ['geometry', 'search'],
    folder: FOLDER,
    inputs: () =>
      withInputs(context, options, async (inputs) => ({
        ...versionFacts(),
        draws: flags.draws,
        denseAbove: flags.denseAbove,
        notes: await Promise.all(
          inputs.map(async (input) => ({
            explanations: await Promise.all(
              input.explanationFiles.map((path) => hashFile(path, context.signal)),
            ),
            densities: densitiesHash(input),
          })),
        ),
      })),
    run: (isAnew) =>
      withInputs(context, options, async (inputs) => {
        const folder = join(options.dir, FOLDER);
        const subjects = await subjectsOf(context, options, inputs);
        const result = geometryResult(subjects, inputs, flags);
        const figures = await geometryFigures(result.contents.tables);
        if (isAnew) await rm(folder, { recursive: true, force: true });
        await writeRunDirectory(
          folder,
          {
            ...result.contents,
            figures: svgsOf(figures),
            reportMarkdown: `# ${GEOMETRY_TITLE}\n\n${renderMarkdown(result.display(flags.top))}`,
            texts: new Map([[PART_FILE, partText(partOf(subjects, figures, flags))]]),
          },
          { kind: RUN_FOLDER, signal: context.signal },
        );
      }),
  };
}

/** They come with explanations or from a file beside the weights. */
function densitiesHash({ notes, sae }: GeometryInput): string {
  const densities = Float64Array.from(
    { length: sae.header.dSae },
    (_, feature) => notes.density(feature) ?? Number.NaN,
  );
  return createHash('sha256').update(densities).digest('hex');
}

async function subjectsOf(
  context: CliContext,
  options: GeometryStageOptions,
  inputs: readonly GeometryInput[],
): Promise<GeometrySubject[]> {
  const [measured, searched] = [await tablesOf(options, 'geometry'), await tablesOf(options, 'search')];
  const subjects: GeometrySubject[] = [];
  for (const input of inputs) {
    const cosines = readCosines(measured, readOptions(input));
    const search = readSearch(searched, { ...readOptions(input), cosines });
    const asked = measureOptions(context, flagsOf(options), { input });
    const geometry = await concludeSae(asked, await readWhole(asked), { cosines, search });
    subjects.push(subjectOf(context, input, { geometry, coFiring: readCoFiring(searched, labelOf(input)) }));
  }
  return subjects;
}

function partOf(
  subjects: readonly GeometrySubject[],
  figures: readonly GeometryFigure[],
  { denseAbove, seed }: GeometryFlags,
): GeometryPart {
  const figuresOf = (label: string | undefined): ReportFigure[] =>
    figures
      .filter(({ sae }) => sae === label)
      .map(({ caption, file, kind }) => ({ file: `figures/${file}`, kind, caption }));
  return {
    part: 'geometry',
    figures: figuresOf(undefined),
    saes: subjects.map((subject) => {
      const { header, spaces, verdicts } = subject.geometry;
      const { label, neuronpediaId } = header.identity;
      return {
        label,
        neuronpediaId: pageIdOf(neuronpediaId),
        verdicts: verdicts.map(({ space, sentences }) => {
          const tested = spaces.find((one) => one.space === space)?.tests?.sensitivity.variants[0];
          return { space, concepts: tested?.concepts ?? null, pairs: tested?.pairs ?? null, sentences };
        }),
        tables: geometryDisplay([subject], { shownExtremes: SHOWN_EXTREMES, seed, denseAbove }),
        figures: figuresOf(label),
      };
    }),
  };
}

/** Embedded dictionaries have ids of the same form, and no pages. */
export function pageIdOf(neuronpediaId: string | undefined): string | null {
  return neuronpediaId === undefined || isEmbeddedId(neuronpediaId) ? null : neuronpediaId;
}
