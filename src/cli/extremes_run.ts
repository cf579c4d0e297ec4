/** @file The work of `antipode extremes`: opens what was named, searches, prints the tables and writes the run folder. */

import { resolve } from 'node:path';
import { throwIfInterrupted } from '../errors.ts';
import { checkOutputDirectory } from '../formats/atomic.ts';
import { rowsOf } from '../formats/table.ts';
import { findExtremes, type SpaceExtremes } from '../geometry/find_extremes.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import { extremesDisplay } from '../report/extremes_display.ts';
import type { ExtremesSubject } from '../report/extremes_subject.ts';
import { EXTREMES_SCHEMA_VERSION, extremesTables } from '../report/extremes_tables.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { runFolderKind, writeRunDirectory } from '../report/run_directory.ts';
import { renderText } from '../report/text.ts';
import type { Space } from '../sae/sae.ts';
import { type ComparedSae, knownSae, openComparedSaes } from './compared_saes.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { planExtremes } from './extremes_plan.ts';
import { type Progress, visible } from './output.ts';
import { publishedIfItFits } from './published_numbers.ts';
import { inputFiles, optionWords, saeFacts, saeOptionWords, versionFacts } from './run_facts.ts';
import { closeAll } from './several_saes.ts';

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
    await show(context, flags, { subject, saes, out });
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
  const labels = saes.map(({ sae }) => sae.header.identity.label).join(' and ');
  const shown = new Map<Space, Progress>();
  const found = await findExtremes({
    a,
    b,
    spaces: flags.spaces,
    k: flags.top,
    ...(flags.threads !== undefined && { threads: flags.threads }),
    signal: context.signal,
    onProgress: (space, done, total) => {
      const progress = shown.get(space) ?? context.out().progress(`${labels}: all pairs, ${space}`, total);
      shown.set(space, progress);
      progress.update(done);
    },
  });
  for (const progress of shown.values()) progress.end();
  return found;
}

interface Finished {
  readonly subject: ExtremesSubject;
  readonly saes: readonly ComparedSae[];
  /** Resolved. */
  readonly out: string | undefined;
}

async function show(
  context: CliContext,
  flags: ExtremesFlags,
  { subject, saes, out }: Finished,
): Promise<void> {
  const tables = extremesTables(subject);
  const display = extremesDisplay(subject);
  const facts = runFacts(subject, saes, flags);
  throwIfInterrupted(context.signal);
  if (out !== undefined) {
    const reportMarkdown = `# The most aligned and most opposed features\n\n${renderMarkdown(display)}`;
    const inputs = saes.flatMap(({ sae, explanationFiles }) => inputFiles(sae, explanationFiles));
    const contents = { tables, reportMarkdown, inputs, facts };
    await writeRunDirectory(out, contents, { kind: FOLDER, signal: context.signal });
  }
  context.out().result({
    human: ({ bold }) =>
      `${renderText(display, { sanitize: visible, bold })}${flags.out === undefined ? '' : `\n\n${flags.out}`}`,
    json: () => ({
      ...facts,
      out: flags.out ?? null,
      tables: Object.fromEntries(tables.map((table) => [table.name, rowsOf(table)])),
    }),
    quiet: () =>
      flags.out === undefined
        ? subject.found.flatMap(({ extremes }) =>
            extremes.map(({ featureA, featureB }) => `${featureA},${featureB}`),
          )
        : [flags.out],
  });
  if (out === undefined)
    context.out().note('Nothing was written; --out FOLDER keeps the tables, the report and a manifest.');
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
  ];
}
