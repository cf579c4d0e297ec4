/**
 * @file The command tree. Command files declare options here at start-up and import their work only when they run, so that `--help`
 * stays fast.
 */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { formatHelp, withExamples } from './help.ts';

/** A command file's export: declares one command with its options, examples and action. */
export type CommandFactory = (context: CliContext) => Command;

export function createProgram(
  context: CliContext,
  version: string,
  factories: readonly CommandFactory[],
): Command {
  const program = withExamples(
    new Command('antipode')
      .description('Measures whether opposite concepts point in opposite directions in a sparse autoencoder.')
      .version(version, '-V, --version', 'print the version alone')
      .option('--json', 'print exactly one JSON document on stdout')
      .option('-q, --quiet', 'print only ids or paths, one per line')
      .option('--verbose', 'show stack traces with errors')
      .option('--no-color', 'no colour, as NO_COLOR=1')
      .helpOption('-h, --help', 'show this help')
      .helpCommand('help [command]', 'show the help of a command'),
    ['antipode geometry --sae synthetic-16k --concepts article-10', 'antipode sae inspect params.npz'],
  );
  // Contradicting flags fail before a command does anything.
  program.hook('preAction', (_, command) => {
    context.out();
    refuseEmptyValues(command);
  });
  for (const factory of factories) program.addCommand(factory(context));
  applyToAll(program, (command) => {
    command.configureHelp({ formatHelp, showGlobalOptions: true });
    command.helpOption('-h, --help', 'show this help');
    command.exitOverride();
    command.showSuggestionAfterError(true);
    if (command !== program) command.helpCommand(false);
  });
  return program;
}

function applyToAll(command: Command, apply: (command: Command) => void): void {
  apply(command);
  for (const child of command.commands) applyToAll(child, apply);
}

/** What `--out "$UNSET"` comes to would be the folder that one is in. Only texts may be empty. */
function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    const isGiven = command.getOptionValueSource(option.attributeName()) === 'cli';
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!isGiven || !values.includes('') || option.flags.includes('<text>')) continue;
    throw new AntipodeError(
      'usage',
      `${option.long ?? option.flags}: got nothing, expected ${expectedBy(option.flags)}`,
      {
        hint: 'is a variable of the shell empty? Otherwise leave the option out',
      },
    );
  }
}

/** `a folder` of `--out <folder>`. */
function expectedBy(flags: string): string {
  const name = /<([^>]+)>/.exec(flags)?.[1] ?? 'value';
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}
