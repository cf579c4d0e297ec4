/**
 * @file Strict reading of the fields of a Hugging Face `config.json`. A field that is absent, of another type or out of range is a sentence
 * with the file's name in it. `null` counts as absent, because transformers writes it for what is switched off.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';

/** Larger than any published model's sizes by a factor of ten or more; it bounds what a damaged file can make us allocate. */
const MAX_SIZE = 2 ** 24;

/** The deepest published decoders have fewer than 200 layers. */
const MAX_LAYERS = 1024;

export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of one object; methods that take a fallback return it where the field is absent or null. */
export interface Fields {
  /** A whole number from 1 to 2^24. */
  size(name: string, fallback?: number): number;
  /** A whole number from 1 to 1024. */
  layerCount(name: string): number;
  /** A finite number above 0. */
  positive(name: string, fallback?: number): number;
  flag(name: string, fallback: boolean): boolean;
  text(name: string, fallback?: string): string;
  has(name: string): boolean;
  /** As parsed. */
  raw(name: string): unknown;
  /** An object's fields, or undefined where it is absent or null. */
  object(name: string): Fields | undefined;
  /** The same object with values for fields that it does not have; a null stays. */
  withDefaults(values: JsonRecord): Fields;
  refuse(name: string, problem: string): AntipodeError;
}

/** @param subject begins each message, e.g. `config.json` */
export function fieldsOf(record: JsonRecord, subject: string): Fields {
  const refuse = (name: string, problem: string): AntipodeError =>
    new AntipodeError('format', `${subject}: ${name} ${problem}`);
  const raw = (name: string): unknown => (Object.hasOwn(record, name) ? record[name] : undefined);
  const has = (name: string): boolean => (raw(name) ?? null) !== null;
  const read = <T>(name: string, fallback: T | undefined, what: string, fits: (v: unknown) => v is T): T => {
    const value = raw(name) ?? fallback;
    if (value === undefined) throw refuse(name, `is missing (expected ${what})`);
    if (!fits(value)) throw refuse(name, `is not ${what} (got ${shownValue(value)})`);
    return value;
  };
  const isWithin = (v: unknown, max: number): v is number =>
    Number.isInteger(v) && Number(v) >= 1 && Number(v) <= max;
  const whole = (name: string, fallback: number | undefined, max: number): number =>
    read(name, fallback, `a whole number from 1 to ${max}`, (v): v is number => isWithin(v, max));
  const isPositive = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v) && v > 0;
  return {
    raw,
    has,
    refuse,
    withDefaults: (values) => fieldsOf({ ...values, ...record }, subject),
    size: (name, fallback) => whole(name, fallback, MAX_SIZE),
    layerCount: (name) => whole(name, undefined, MAX_LAYERS),
    positive: (name, fallback) => read(name, fallback, 'a number above 0', isPositive),
    flag: (name, fallback) => read(name, fallback, 'true or false', (v) => typeof v === 'boolean'),
    text: (name, fallback) => read(name, fallback, 'a text', (v) => typeof v === 'string'),
    object(name) {
      if (!has(name)) return undefined;
      return fieldsOf(read(name, undefined, 'an object', isRecord), `${subject}: ${name}`);
    },
  };
}

/** @throws {AntipodeError} where a field is there and says something else: the graph would compute another function */
export function requireValue(config: Fields, name: string, expected: readonly unknown[]): void {
  if (!config.has(name) || expected.includes(config.raw(name))) return;
  const list = expected.map(shownValue).join(' or ');
  throw config.refuse(name, `is ${shownValue(config.raw(name))}, which is not supported (expected ${list})`);
}

export function shownValue(value: unknown): string {
  return shownName(JSON.stringify(value) ?? String(value));
}
