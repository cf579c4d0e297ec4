/** @file The work of `antipode runs`: reads manifests and tables, prints them. Writes nothing. */

import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Cell } from '../formats/table.ts';
import { formatCount, left, plural, right } from '../report/display.ts';
import { type DiffableRun, type Difference, diffRuns, type RunDiff } from '../report/run_diff.ts';
import { findRuns, openRun, type RunFolder, readRunTables } from '../report/run_folders.ts';
import { renderText } from '../report/text.ts';
import type { CliContext } from './context.ts';
import { visible } from './output.ts';

export async function listRuns(context: CliContext, folder: string): Promise<void> {
  const root = resolve(context.cwd, folder);
  const runs = await findRuns(root);
  const shown = ({ path }: RunFolder): string => join(folder, relative(root, path));
  context.out().result({
    human: ({ bold }) =>
      runs.length === 0
        ? `${visible(folder)}: no runs.`
        : renderText(
            [
              {
                title: plural(runs.length, 'run', 'runs'),
                columns: [left('Folder'), left('Kind'), left('Ended'), left('About')],
                rows: runs.map((run) => [shown(run), run.schema, timeText(run.finished), aboutText(run)]),
                notes: [],
              },
            ],
            { sanitize: visible, bold },
          ),
    json: () =>
      runs.map((run) => ({
        path: run.path,
        schema: run.schema,
        ended: new Date(run.finished).toISOString(),
        about: aboutText(run),
      })),
    quiet: () => runs.map(shown),
  });
}

export async function showRun(context: CliContext, name: string): Promise<void> {
  const run = await openRun(resolve(context.cwd, name), name);
  const tables = await readRunTables(run);
  const reports = ['report.html', 'report.md']
    .map((file) => join(run.path, file))
    .filter((path) => existsSync(path));
  context.out().result({
    human: ({ bold }) =>
      renderText(
        [
          {
            title: `${name}: ${run.schema}`,
            columns: [left(''), left('')],
            rows: [
              ['About', aboutText(run)],
              ['Ended', timeText(run.finished)],
              ['Command', commandText(run)],
              ['Versions', versionsText(run)],
              ...reports.map((path) => ['Report', path]),
            ].filter(([, value]) => value !== ''),
            notes: [],
          },
          {
            title: 'Tables',
            columns: [left('Table'), right('Rows'), right('Columns')],
            rows: [...tables].map(([path, table]) => [
              path,
              formatCount(table.rowCount),
              String(table.columns.length),
            ]),
            notes: [
              `Each as .parquet, .csv and .json${[...tables.keys()].some(isBetweenStages) ? ', those of geometry and search as .parquet alone' : ''}; docs/schema.md describes the columns.`,
            ],
          },
        ],
        { sanitize: visible, bold },
      ),
    json: () => ({
      path: run.path,
      ended: new Date(run.finished).toISOString(),
      manifest: run.manifest,
      reports,
      tables: [...tables].map(([path, table]) => ({
        path: `${path}.parquet`,
        rows: table.rowCount,
        columns: table.columns.map((column) => column.name),
      })),
    }),
    quiet: () => reports,
  });
}

/** What one stage of an experiment leaves for the next: all of its numbers stand in the tables of `statistics` as well. */
function isBetweenStages(path: string): boolean {
  return path.startsWith('geometry/') || path.startsWith('search/');
}

/** Numbers that differ, shown of each table; `--json` has all. */
const SHOWN = 20;

export async function compareRuns(context: CliContext, nameA: string, nameB: string): Promise<void> {
  const [a, b] = [await openDiffable(context, nameA), await openDiffable(context, nameB)];
  if (a.run.schema !== b.run.schema) {
    context
      .out()
      .warn(
        `${nameA} is a run of ${a.run.schema}, ${nameB} of ${b.run.schema}: little of them can be compared`,
      );
  }
  const diff = diffRuns(a, b);
  context.out().result({
    human: ({ bold }) => renderText(diffDisplay(diff, nameA, nameB), { sanitize: visible, bold }),
    json: () => ({ a: a.run.path, b: b.run.path, ...diff }),
    quiet: () => diff.tables.filter(isDifferent).map(({ table }) => table),
  });
}

async function openDiffable(context: CliContext, name: string): Promise<DiffableRun> {
  const run = await openRun(resolve(context.cwd, name), name);
  const tables = [...(await readRunTables(run))].filter(([path]) => !isBetweenStages(path));
  return { run, tables: new Map(tables) };
}

function isDifferent({ differences, onlyA, onlyB }: RunDiff['tables'][number]): boolean {
  return differences.length + onlyA + onlyB > 0;
}

function diffDisplay(
  { settings, tables }: RunDiff,
  nameA: string,
  nameB: string,
): Parameters<typeof renderText>[0] {
  const columns = [left(''), right(nameA), right(nameB), right('Difference')];
  const rowOf = ({ what, a, b, difference }: Difference): string[] => [
    what,
    ...[a, b].map((cell) => (difference === undefined ? String(cell ?? '') : cellText(cell))),
    difference === undefined ? '' : `${difference > 0 ? '+' : ''}${numberText(difference)}`,
  ];
  const same = tables.filter((table) => !isDifferent(table));
  return [
    {
      title: 'How they were made',
      columns: columns.slice(0, 3),
      rows: settings.slice(0, SHOWN).map((one) => rowOf(one).slice(0, 3)),
      notes: settings.length === 0 ? ['Nothing differs.'] : moreNote(settings.length),
    },
    ...tables.filter(isDifferent).map(({ table, differences, same: equal, onlyA, onlyB }) => ({
      title: table,
      columns,
      rows: differences.slice(0, SHOWN).map(rowOf),
      notes: [
        ...moreNote(differences.length),
        `${plural(equal, 'value is', 'values are')} equal.`,
        ...(onlyA > 0 ? [`${plural(onlyA, 'row stands', 'rows stand')} in ${nameA} alone.`] : []),
        ...(onlyB > 0 ? [`${plural(onlyB, 'row stands', 'rows stand')} in ${nameB} alone.`] : []),
      ],
    })),
    {
      title: 'Tables without a difference',
      columns: [],
      rows: [],
      notes: [same.length === 0 ? 'None.' : same.map(({ table }) => table).join(', ')],
    },
  ];
}

function moreNote(count: number): string[] {
  return count > SHOWN ? [`${formatCount(count)} differ; --json has all.`] : [];
}

function cellText(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'number' ? numberText(cell) : String(cell);
}

function numberText(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(6)));
}

/** Of whatever kind: a title, else the dictionaries. */
function aboutText({ manifest }: RunFolder): string {
  const title = manifest['title'];
  if (typeof title === 'string') return title;
  const saes = Array.isArray(manifest['saes']) ? manifest['saes'] : [];
  return saes
    .map((sae: { label?: unknown } | null) => sae?.label)
    .filter((label) => typeof label === 'string')
    .join(', ');
}

function commandText({ manifest: { command } }: RunFolder): string {
  return Array.isArray(command) ? command.map(String).join(' ') : '';
}

function versionsText({ manifest }: RunFolder): string {
  return ['antipode', 'node', 'onnxruntime']
    .filter((name) => typeof manifest[name] === 'string')
    .map((name) => `${name} ${manifest[name]}`)
    .join(', ');
}

/** Local time to the minute. */
function timeText(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
