/** @file One run of the command line with given streams: parses, runs, and turns every error into a sentence and an exit code. */

import { type Command, CommanderError } from 'commander';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { commandFactories } from './commands.ts';
import type { CliContext } from './context.ts';
import { describeError } from './errors.ts';
import { createOutput, type Output, type Sink } from './output.ts';
import { createProgram } from './program.ts';
import { packageVersion } from './version.ts';

export interface CliStreams {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Once it fires, work that has not heard `signal` is no longer waited for, and goes on behind the answer: the process has to end. */
  readonly giveUp?: AbortSignal;
}

/** @returns the exit code; never throws and never calls `process.exit` */
export async function runCli(argv: readonly string[], streams: CliStreams): Promise<number> {
  const { stdout, stderr, env } = streams;
  let output: Output | undefined;
  /** The one document of `--json` is written: an error behind it is told by stderr and the exit code alone. */
  let isAnswered = false;
  let program: Command | undefined;
  let isDryRun = false;
  const flags = (): { json?: boolean; quiet?: boolean; verbose?: boolean; color?: boolean } =>
    program?.opts() ?? {};
  const out = (): Output => {
    if (output) return output;
    const { json, quiet, color } = flags();
    if (json && quiet) throw new AntipodeError('usage', '--json and --quiet exclude each other');
    const made = createOutput({
      stdout,
      stderr,
      env,
      noColor: color === false,
      mode: json ? 'json' : quiet ? 'quiet' : 'human',
    });
    output = {
      ...made,
      result(result) {
        made.result(result);
        isAnswered = true;
      },
    };
    return output;
  };
  const context: CliContext = {
    env,
    cwd: streams.cwd,
    stdin: streams.stdin,
    signal: streams.signal,
    out,
    verbose: () => flags().verbose === true,
    isDryRun: () => isDryRun,
  };
  try {
    program = createProgram(context, packageVersion(), commandFactories);
    configureStreams(program, stdout, stderr);
    program.hook('preAction', (_, command) => {
      isDryRun = command.opts()['dryRun'] === true;
    });
    await Promise.race([program.parseAsync(argv, { from: 'user' }), givenUp(streams.giveUp)]);
    return 0;
  } catch (error) {
    const verbose = flags().verbose === true;
    return report(error, { argv, program, stdout, stderr, env, verbose, isAnswered });
  }
}

/** Ends with an error once the signal fires, and never else. */
async function givenUp(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  throwIfInterrupted(signal);
}

function configureStreams(command: Command, stdout: Sink, stderr: Sink): void {
  command.configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    // Commander's own error line is silenced: `report` prints it in the house form.
    outputError: () => {},
  });
  for (const child of command.commands) configureStreams(child, stdout, stderr);
}

/** The deepest command that the words name, as `antipode sae inspect`. */
function commandOf(program: Command | undefined, argv: readonly string[]): string {
  const names = ['antipode'];
  let command = program;
  for (const word of argv) {
    const child = command?.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (!child) continue;
    names.push(child.name());
    command = child;
  }
  return names.join(' ');
}

interface ReportOptions {
  readonly program: Command | undefined;
  readonly argv: readonly string[];
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: CliStreams['env'];
  readonly verbose: boolean;
  readonly isAnswered: boolean;
}

function report(error: unknown, options: ReportOptions): number {
  const shown = error instanceof CommanderError ? fromCommander(error, options) : error;
  const { stdout, stderr, env } = options;
  const isJson = options.argv.includes('--json') && !options.isAnswered;
  if (shown === undefined) {
    const isUsage = error instanceof CommanderError && error.exitCode !== 0;
    // The help is on stderr then; who asked for JSON gets a document all the same.
    if (isUsage && isJson)
      stdout.write(`${JSON.stringify({ error: { kind: 'usage', message: 'no command is given' } })}\n`);
    return isUsage ? 2 : 0;
  }
  const { errorStyle } = createOutput({ stdout, stderr, env, noColor: options.argv.includes('--no-color') });
  const described = describeError(shown, errorStyle, options.verbose);
  for (const line of described.lines) stderr.write(`${line}\n`);
  if (isJson) stdout.write(`${JSON.stringify(described.json)}\n`);
  return described.exitCode;
}

/** Help and version are not errors; a bare group (`antipode sae`) has printed its help and is a usage error without a sentence. */
function fromCommander(
  error: CommanderError,
  { argv, program }: Pick<ReportOptions, 'argv' | 'program'>,
): AntipodeError | undefined {
  if (['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code))
    return undefined;
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').trim();
  const hint =
    suggestion.replace(/^\((.*)\)$/, '$1') || `${commandOf(program, argv)} --help lists what it takes`;
  return new AntipodeError('usage', first, { hint });
}
