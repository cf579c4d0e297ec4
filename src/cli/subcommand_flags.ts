/**
 * @file Options of a subcommand whose parent is a command too, such as `antipode steer run`: commander lets the parent take every option that both know,
 * wherever it stands on the line.
 */

import type { Command } from 'commander';
import { AntipodeError } from '../errors.ts';

/**
 * What was given to the subcommand, by its parent's hand or its own, and its own defaults.
 * @throws {AntipodeError} `usage` for an option that the parent knows and the subcommand does not
 */
export function subcommandFlags<Flags extends object>(command: Command): Flags {
  const { parent } = command;
  const given: Record<string, unknown> = {};
  for (const option of parent?.options ?? []) {
    const name = option.attributeName();
    if (parent?.getOptionValueSource(name) !== 'cli') continue;
    if (!command.options.some((own) => own.attributeName() === name)) {
      throw new AntipodeError('usage', `${command.name()}: unknown option ${option.long ?? option.short}`, {
        hint: `antipode ${parent.name()} ${command.name()} --help shows its options`,
      });
    }
    given[name] = parent.getOptionValue(name);
  }
  const own = Object.entries(command.opts()).filter(
    ([name]) => !(name in given) || command.getOptionValueSource(name) === 'cli',
  );
  return { ...given, ...Object.fromEntries(own) } as Flags;
}
