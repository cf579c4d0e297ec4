/**
 * @file The command tree. Command files declare options here at start-up and import their work only when they run, so that `--help`
 * stays fast.
 */

import { Command } from 'commander';
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
  program.hook('preAction', () => {
    context.out();
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
