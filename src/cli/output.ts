/**
 * @file The only writer to stdout and stderr. Results go to stdout in one of three modes; everything else (progress, notes, warnings,
 * errors) goes to stderr. Colour is decided per stream (no-color.org, FORCE_COLOR, TERM=dumb). A closed pipe is not an error.
 */

export type OutputMode = 'human' | 'json' | 'quiet';

/** The part of a stream that output needs; tests pass their own. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface OutputOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--no-color` on the command line. */
  readonly noColor?: boolean;
  readonly mode?: OutputMode;
  /** Milliseconds, any origin; for the pace and the remaining time of progress. */
  readonly now?: () => number;
}

/** One result in its three forms; only the form of the current mode is built. */
export interface Result {
  /** Text for people; a final newline is added. */
  readonly human: (style: Style) => string;
  /** One JSON document. */
  readonly json: () => unknown;
  /** Ids or paths, one per line. */
  readonly quiet: () => readonly string[];
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
}

export interface Progress {
  /** @param done work done so far, in the unit of `total` @param details stands behind the share and the time: what a narrow terminal cuts off */
  update(done: number, details?: string): void;
  end(): void;
}

/** Text that grows on a terminal. */
export interface LiveText {
  /** As it is: untrusted text goes through `visible` before. Nothing after `end`. */
  write(text: (style: Style) => string): void;
  /** Ends the last line, if it has begun. */
  end(): void;
}

export interface Output {
  readonly mode: OutputMode;
  /** Width of the terminal that people read on; undefined where stdout is none. */
  readonly columns: number | undefined;
  /** Writes the result of the command to stdout; once per command. */
  result(result: Result): void;
  /** One JSON document per line in `json` mode, `human` text else: for results that arrive one by one. */
  item(item: Result): void;
  /** For one result that people read while it is made; undefined unless stdout is a terminal and the mode `human`. No status line beside it. */
  live(): LiveText | undefined;
  /** A fact for people, on stderr; silent in quiet mode. Control characters are shown, not obeyed. */
  note(text: string): void;
  /** On stderr in every mode; control characters as in `note`. */
  warn(text: string): void;
  /** A status line on a terminal, a line at most every ten seconds elsewhere; silent in quiet mode. */
  progress(label: string, total: number): Progress;
  readonly errorStyle: Style;
}

const ESC = '\u001b[';

function styleFor(coloured: boolean): Style {
  const wrap = (open: number, close: number) => (text: string) =>
    coloured ? `${ESC}${open}m${text}${ESC}${close}m` : text;
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39), yellow: wrap(33, 39) };
}

/** no-color.org: any non-empty NO_COLOR; `--no-color` wins over FORCE_COLOR, which wins over NO_COLOR, TERM and the terminal test. */
export function isColoured(sink: Sink, env: OutputOptions['env'], noColor: boolean): boolean {
  if (noColor) return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force.toLowerCase() !== 'false';
  if (env['NO_COLOR']) return false;
  if (env['TERM'] === 'dumb') return false;
  return sink.isTTY === true;
}

/**
 * Untrusted text (explanations, file names) for a terminal: control codes, which would move the cursor or hide lines, are shown as
 * `\xNN`; the signs that reorder or break lines unseen (bidirectional overrides, U+2028, U+2029) as `\uNNNN`. Tabs and newlines stay.
 * Text that went through once does not change again.
 */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}

const TTY_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 10_000;

export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr, env, mode = 'human', noColor = false, now = Date.now } = options;
  const style = styleFor(isColoured(stdout, env, noColor));
  const errorStyle = styleFor(isColoured(stderr, env, noColor));
  let statusShown = false;

  const clearStatus = (): void => {
    if (statusShown) stderr.write(`\r${ESC}2K`);
    statusShown = false;
  };
  const toStderr = (text: string): void => {
    clearStatus();
    stderr.write(`${text}\n`);
  };
  const emit = (result: Result): void => {
    clearStatus();
    if (mode === 'json') stdout.write(`${JSON.stringify(result.json())}\n`);
    else if (mode === 'quiet') for (const line of result.quiet()) stdout.write(`${line}\n`);
    else {
      const text = result.human(style);
      if (text !== '') stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    }
  };

  const progress = (label: string, total: number): Progress => {
    if (mode === 'quiet') return { update() {}, end() {} };
    const isTerminal = stderr.isTTY === true && env['TERM'] !== 'dumb';
    const started = now();
    let shown = started - (isTerminal ? TTY_INTERVAL_MS : 0);
    return {
      update(done, details) {
        const time = now();
        if (time - shown < (isTerminal ? TTY_INTERVAL_MS : LOG_INTERVAL_MS)) return;
        shown = time;
        const behind = details === undefined ? '' : `  ${visible(details)}`;
        const line = progressLine(visible(label), done, total, (time - started) / 1000) + behind;
        if (!isTerminal) {
          stderr.write(`${line}\n`);
          return;
        }
        stderr.write(`\r${ESC}2K${line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
        statusShown = true;
      },
      end: clearStatus,
    };
  };

  const live = (): LiveText | undefined => {
    if (mode !== 'human' || stdout.isTTY !== true) return undefined;
    let isOpen = true;
    let isLineBegun = false;
    return {
      write(make) {
        const text = isOpen ? make(style) : '';
        if (text === '') return;
        clearStatus();
        stdout.write(text);
        isLineBegun = !text.endsWith('\n');
      },
      end() {
        if (isOpen && isLineBegun) stdout.write('\n');
        isOpen = false;
      },
    };
  };

  return {
    mode,
    columns: mode === 'human' && stdout.isTTY === true ? stdout.columns : undefined,
    errorStyle,
    live,
    result: emit,
    item: emit,
    note(text) {
      if (mode !== 'quiet') toStderr(visible(text));
    },
    warn(text) {
      toStderr(`${errorStyle.yellow('warning:')} ${visible(text)}`);
    },
    progress,
  };
}

function progressLine(label: string, done: number, total: number, seconds: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const percent = `${Math.floor(share * 100)} %`;
  if (share <= 0 || seconds < 1) return `${label}  ${percent}`;
  return `${label}  ${percent}, ${formatSeconds((seconds * (1 - share)) / share)} left`;
}

/** `7 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `302 MB`, in powers of 1000 as disks and downloads are counted. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}
