/** @file The layout of `--help`: purpose, examples, usage, then options with unit and default (clig.dev: lead with examples). */

import type { Command, Help, Option } from 'commander';

const examplesOf = new WeakMap<Command, readonly string[]>();

/** Attaches the examples that `--help` shows first; at least two for every command that does something. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  examplesOf.set(command, examples);
  return command;
}

export function examplesFor(command: Command): readonly string[] {
  return examplesOf.get(command) ?? [];
}

export function formatHelp(command: Command, helper: Help): string {
  const width = helper.padWidth(command, helper);
  const entry = (term: string, description: string): string =>
    helper.formatItem(term, width, description, helper);
  const sections: string[][] = [[command.description()]];
  const examples = examplesFor(command);
  if (examples.length > 0) sections.push(['Examples:', ...examples.map((line) => `  $ ${line}`)]);
  sections.push([`Usage: ${helper.commandUsage(command)}`]);
  const groups: [string, string[]][] = [
    [
      'Arguments:',
      helper
        .visibleArguments(command)
        .map((a) => entry(helper.argumentTerm(a), helper.argumentDescription(a))),
    ],
    [
      'Commands:',
      helper
        .visibleCommands(command)
        .map((c) => entry(helper.subcommandTerm(c), helper.subcommandDescription(c))),
    ],
    [
      'Options:',
      helper.visibleOptions(command).map((o) => entry(helper.optionTerm(o), helper.optionDescription(o))),
    ],
    [
      'Everywhere:',
      everywhere(command, helper).map((o) => entry(helper.optionTerm(o), helper.optionDescription(o))),
    ],
  ];
  for (const [title, lines] of groups) if (lines.length > 0) sections.push([title, ...lines]);
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Options of the whole program that the command has not itself. Those of a command between them are not taken here (`subcommand_flags.ts`). */
function everywhere(command: Command, helper: Help): Option[] {
  let program = command.parent;
  while (program?.parent) program = program.parent;
  const own = new Set(helper.visibleOptions(command).map(({ long, short }) => long ?? short));
  return (program?.options ?? []).filter((option) => !option.hidden && !own.has(option.long ?? option.short));
}
