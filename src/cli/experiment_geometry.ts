/** @file The geometry stage of an experiment: all that `antipode geometry` finds, with figures, in a folder of the run. */

import { join } from 'node:path';
import type { ExperimentSpec } from '../experiment/experiment_spec.ts';
import type { Stage } from '../experiment/stages.ts';
import { hashFile } from '../formats/hash_file.ts';
import { GEOMETRY_PARTS } from '../geometry/parts.ts';
import { DENSE_ABOVE } from '../geometry/test_defaults.ts';
import { isEmbeddedId } from '../hub/embedded_default.ts';
import { geometryDisplay } from '../report/geometry_display.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { geometryFigures } from '../report/plots/geometry_figures.ts';
import { type GeometryPart, PART_FILE, partText } from '../report/report_parts.ts';
import { RUN_FOLDER, writeRunDirectory } from '../report/run_directory.ts';
import type { CliContext } from './context.ts';
import type { GeometryFlags } from './geometry_flags.ts';
import { type GeometryInput, openGeometryInputs } from './geometry_inputs.ts';
import { GEOMETRY_TITLE, type GeometryResult, measureInputs } from './geometry_run.ts';
import type { StageName } from './run_command.ts';
import { versionFacts } from './run_facts.ts';
import { closeAll, withDistinctLabels } from './several_saes.ts';

/** Extreme pairs that the report shows at each end; the tables hold all. */
const SHOWN_EXTREMES = 20;

export interface GeometryStageOptions {
  readonly spec: ExperimentSpec;
  /** The run folder. */
  readonly dir: string;
  readonly threads: number | undefined;
}

export function geometryStage(context: CliContext, options: GeometryStageOptions): Stage<StageName> {
  const flags = flagsOf(options);
  const folder = 'geometry';
  return {
    name: 'geometry',
    reads: [],
    folder,
    inputs: async () => {
      const { threads: _, ...deciding } = flags;
      return withInputs(context, options, async (inputs) => ({
        ...versionFacts(),
        flags: deciding,
        saes: await Promise.all(inputs.map((input) => inputFacts(input, context.signal))),
      }));
    },
    run: () =>
      withInputs(context, options, async (inputs) => {
        const result = await measureInputs(context, flags, inputs);
        const figures = await geometryFigures(result.contents.tables);
        await writeRunDirectory(
          join(options.dir, folder),
          {
            ...result.contents,
            figures: new Map(figures.map(({ file, svg }) => [file, svg])),
            reportMarkdown: `# ${GEOMETRY_TITLE}\n\n${renderMarkdown(result.display(flags.top))}`,
            texts: new Map([[PART_FILE, partText(partOf(result, figures, flags))]]),
          },
          { kind: RUN_FOLDER, signal: context.signal },
        );
      }),
  };
}

function flagsOf({ spec: { geometry, saes, seed }, threads }: GeometryStageOptions): GeometryFlags {
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
async function withInputs<T>(
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

/** What decides the numbers: contents, not where they lie. */
async function inputFacts(
  { concepts, explanationFiles, sae: { header } }: GeometryInput,
  signal: AbortSignal,
): Promise<unknown> {
  const hashes = async (paths: readonly string[]): Promise<string[]> =>
    Promise.all(paths.map((path) => hashFile(path, signal)));
  return {
    label: header.identity.label,
    weights: await hashes(header.files.map(({ path }) => path)),
    concepts: concepts.sha256,
    explanations: await hashes(explanationFiles),
  };
}

function partOf(
  { subjects }: GeometryResult,
  figures: Awaited<ReturnType<typeof geometryFigures>>,
  { denseAbove, seed }: GeometryFlags,
): GeometryPart {
  return {
    part: 'geometry',
    saes: subjects.map((subject) => {
      const { header, verdicts } = subject.geometry;
      const { label, neuronpediaId } = header.identity;
      return {
        label,
        neuronpediaId: pageIdOf(neuronpediaId),
        verdicts: verdicts.map(({ space, sentences }) => ({ space, sentences })),
        tables: geometryDisplay([subject], { shownExtremes: SHOWN_EXTREMES, seed, denseAbove }),
        figures: figures
          .filter(({ sae }) => sae === label)
          .map(({ file, kind }) => ({ file: `figures/${file}`, kind })),
      };
    }),
  };
}

/** Embedded dictionaries have ids of the same form, and no pages. */
export function pageIdOf(neuronpediaId: string | undefined): string | null {
  return neuronpediaId === undefined || isEmbeddedId(neuronpediaId) ? null : neuronpediaId;
}
