/** @file Reading parts of the tokenizer's JSON files: every value is checked before it is used, and what is wrong is said with its place. */

import { AntipodeError } from '../../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}

export function wrongValue(where: string, value: unknown, expected: string): AntipodeError {
  return new AntipodeError(
    'format',
    `${where}: cannot be used (got ${kindOf(value)}, expected ${expected})`,
    {
      hint: 'the file may be cut or of another program: fetch it again',
    },
  );
}

/** @throws {AntipodeError} `format` */
export function objectAt(value: unknown, where: string): JsonObject {
  if (isObject(value)) return value;
  throw wrongValue(where, value, 'an object');
}

/** An absent or null value is an empty list. @throws {AntipodeError} `format` */
export function listAt(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw wrongValue(where, value, 'an array');
}

/** @throws {AntipodeError} `format` */
export function stringAt(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw wrongValue(where, value, 'a string');
}

/** Only `true` and `false` count: files hold null where nothing is stated. */
export function flagAt(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** A string itself, any other value as JSON: an object of a stranger may have a `toString` that is no function. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}
