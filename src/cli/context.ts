/** @file What every command is given, so that tests can run commands in-process with their own streams, folder and clock. */

import type { Output } from './output.ts';

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** stdin as bytes, for `-`. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Fires on the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Made after the global flags are read. */
  readonly out: () => Output;
  readonly verbose: () => boolean;
  /** The command has `--dry-run`: what is missing stays missing. */
  readonly isDryRun: () => boolean;
}
