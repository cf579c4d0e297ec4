/** @file The command line's reference as Markdown, from the program itself: what `--help` says of every command, in one page. */

import type { Command } from 'commander';
import { escapeMarkdown } from '../report/markdown.ts';
import { commandFactories } from './commands.ts';
import type { CliContext } from './context.ts';
import { examplesFor } from './help.ts';
import { createProgram } from './program.ts';

/** Nothing is run: commands are only looked at. */
const NOWHERE: CliContext = {
  env: {},
  cwd: '/',
  stdin: (async function* () {})(),
  signal: new AbortController().signal,
  out() {
    throw new Error('internal: a command ran while its help was written');
  },
  verbose: () => false,
  isDryRun: () => false,
};

/** The whole page, ending in a line break. */
export function cliReference(version: string): string {
  const program = createProgram(NOWHERE, version, commandFactories);
  const commands = [...eachCommand(program, '')].filter(({ command }) => command !== program);
  return [
    '# Command line',
    'What `--help` says of every command, written from the program by `node scripts/cli_reference.mjs`.',
    commands.map(({ name }) => `- [${name}](#${name.replace(/ /g, '-')})`).join('\n'),
    '## Everywhere',
    optionsTable(program),
    'Exit codes: 0 done, 1 failure, 2 usage, 3 input or model missing, 4 network or authorisation, 5 a check failed, 130 interrupted.',
    ...commands.flatMap(({ command, name }) => section(command, name)),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

interface Named {
  readonly command: Command;
  /** `antipode steer run`. */
  readonly name: string;
}

function* eachCommand(command: Command, before: string): Iterable<Named> {
  const name = `${before}${command.name()}`;
  yield { command, name };
  for (const child of command.commands) yield* eachCommand(child, `${name} `);
}

function section(command: Command, name: string): string[] {
  const helper = command.createHelp();
  const examples = examplesFor(command);
  const args = helper.visibleArguments(command);
  return [
    `## ${name}`,
    escapeMarkdown(command.description()),
    `\`\`\`sh\n${examples.join('\n')}\n\`\`\``,
    `Usage: \`${helper.commandUsage(command)}\``,
    ...(args.length === 0
      ? []
      : [
          table(
            'Argument',
            args.map((arg) => [helper.argumentTerm(arg), helper.argumentDescription(arg)]),
          ),
        ]),
    ...(helper.visibleOptions(command).length === 0 ? [] : [optionsTable(command)]),
  ];
}

function optionsTable(command: Command): string {
  const helper = command.createHelp();
  const options = helper.visibleOptions(command);
  return table(
    'Option',
    options.map((option) => [helper.optionTerm(option), helper.optionDescription(option)]),
  );
}

function table(head: string, rows: readonly (readonly [string, string])[]): string {
  return [
    `| ${head} | |`,
    '|---|---|',
    ...rows.map(
      ([term, description]) => `| \`${term.replace(/\|/g, '\\|')}\` | ${escapeMarkdown(description)} |`,
    ),
  ].join('\n');
}
