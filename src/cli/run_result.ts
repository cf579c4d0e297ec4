/** @file The end of a command that measures dictionaries: the run folder, where one is asked for, and the result on stdout. */

import { resolve } from 'node:path';
import { throwIfInterrupted } from '../errors.ts';
import type { FolderKind } from '../formats/atomic.ts';
import { rowsOf, type Table } from '../formats/table.ts';
import type { DisplayTable } from '../report/display.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { type InputFile, writeRunDirectory } from '../report/run_directory.ts';
import { renderText } from '../report/text.ts';
import type { CliContext } from './context.ts';
import { visible } from './output.ts';

export interface RunResult {
  readonly kind: FolderKind;
  /** Of the report. */
  readonly title: string;
  readonly tables: readonly Table[];
  /** Those that JSON shows; all where left out. */
  readonly shownTables?: readonly Table[];
  /** For a terminal. */
  readonly display: readonly DisplayTable[];
  /** For the report, where that shows more; `display` where left out. */
  readonly report?: () => readonly DisplayTable[];
  /** SVG by file name, for the folder. */
  readonly figures?: () => Promise<ReadonlyMap<string, string>>;
  /** Everything that decides the numbers; neither the time, nor the folder, nor the number of threads does. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly inputs: readonly InputFile[];
  /** What `--quiet` prints where nothing is written. */
  readonly ids: readonly string[];
}

/** @param out as the user wrote it @throws {AntipodeError} as `writeRunDirectory` does; `interrupted` before anything is written */
export async function giveResult(
  context: CliContext,
  out: string | undefined,
  result: RunResult,
): Promise<void> {
  const { kind, title, tables, shownTables = tables, display, facts, inputs, ids } = result;
  throwIfInterrupted(context.signal);
  if (out !== undefined) {
    const reportMarkdown = `# ${title}\n\n${renderMarkdown(result.report?.() ?? display)}`;
    const figures = await result.figures?.();
    const contents = { tables, reportMarkdown, inputs, facts, ...(figures && { figures }) };
    await writeRunDirectory(resolve(context.cwd, out), contents, { kind, signal: context.signal });
  }
  context.out().result({
    human: ({ bold }) =>
      `${renderText(display, { sanitize: visible, bold })}${out === undefined ? '' : `\n\n${out}`}`,
    json: () => ({
      ...facts,
      out: out ?? null,
      tables: Object.fromEntries(shownTables.map((table) => [table.name, rowsOf(table)])),
    }),
    quiet: () => (out === undefined ? ids : [out]),
  });
  if (out === undefined)
    context.out().note('Nothing was written; --out FOLDER keeps the tables, the report and a manifest.');
}
