/**
 * @file The JSON configuration beside the weights (`cfg.json`, `config.json`, `hyperparams.json`): fields by dotted path, each checked
 * when it is asked for. A missing or odd field is an error that says what, got and expected; defaults are the loaders' affair.
 */

import { AntipodeError } from '../../errors.ts';
import { openFileSource, readBytes } from '../../formats/source.ts';

/** Real ones are a few kB; the cap keeps a wrong file from being parsed. */
const MAX_CONFIG_BYTES = 4 * 2 ** 20;

export interface JsonConfig {
  /** Base name, for messages. */
  readonly name: string;
  readonly path: string;
  readonly byteLength: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * @returns undefined where there is no such file
 * @throws {AntipodeError} `format` for anything but a JSON object
 */
export async function readConfig(path: string, name: string): Promise<JsonConfig | undefined> {
  let bytes: Uint8Array;
  try {
    const source = await openFileSource(path, name);
    try {
      if (source.byteLength > MAX_CONFIG_BYTES) {
        throw new AntipodeError(
          'format',
          `${name}: too large for a configuration (${source.byteLength} bytes, the limit is ${MAX_CONFIG_BYTES})`,
        );
      }
      bytes = await readBytes(source, 0, source.byteLength);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof AntipodeError && error.kind === 'missing') return undefined;
    throw error;
  }
  return { name, path, byteLength: bytes.byteLength, value: parseObject(bytes, name) };
}

function parseObject(bytes: Uint8Array, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AntipodeError(
      'format',
      `${name}: not JSON (${cause instanceof Error ? cause.message : 'unreadable'})`,
      {
        cause,
      },
    );
  }
  if (!isRecord(value)) throw new AntipodeError('format', `${name}: expected a JSON object at the top`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at `a.b.c`; undefined where any step is absent or null (Python's None). */
export function fieldOf(config: JsonConfig, path: string): unknown {
  let value: unknown = config.value;
  for (const key of path.split('.')) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value ?? undefined;
}

function wrong(config: JsonConfig, path: string, expected: string): AntipodeError {
  const value = fieldOf(config, path);
  const problem =
    value === undefined ? 'is missing' : `is ${JSON.stringify(value)?.slice(0, 60) ?? String(value)}`;
  return new AntipodeError('format', `${config.name}: ${path} ${problem} (expected ${expected})`);
}

/** A whole number from 1 on. */
export function positiveInteger(config: JsonConfig, path: string): number {
  const value = fieldOf(config, path);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw wrong(config, path, 'a whole number from 1 on');
}

export function finiteNumber(config: JsonConfig, path: string): number {
  const value = fieldOf(config, path);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrong(config, path, 'a number');
}

export function trueOrFalse(config: JsonConfig, path: string): boolean {
  const value = fieldOf(config, path);
  if (typeof value === 'boolean') return value;
  throw wrong(config, path, 'true or false');
}

export function text(config: JsonConfig, path: string): string {
  const value = fieldOf(config, path);
  if (typeof value === 'string') return value;
  throw wrong(config, path, 'a string');
}

/** One of the given strings. */
export function oneOf<T extends string>(config: JsonConfig, path: string, allowed: readonly T[]): T {
  const value = fieldOf(config, path);
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw wrong(config, path, allowed.length === 1 ? allowed[0]! : `one of ${allowed.join(', ')}`);
}

/** The field through `read`, or undefined where it is absent; a field of the wrong type is still an error. */
export function optional<T>(
  read: (config: JsonConfig, path: string) => T,
  config: JsonConfig,
  path: string,
): T | undefined {
  return fieldOf(config, path) === undefined ? undefined : read(config, path);
}
