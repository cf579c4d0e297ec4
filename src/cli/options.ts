/** @file Parsers of option values that several commands share. Each says what it got and what it expected. */

import { AntipodeError } from '../errors.ts';
import { SPACES, type Space } from '../sae/sae.ts';

const DEFAULT_HINT = 'give one of these, or leave the option out: --help shows what stands for it then';

/** @throws {AntipodeError} `usage` */
export function integerOption(
  name: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const range =
      max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
    throw new AntipodeError('usage', `${name}: got ${JSON.stringify(text)}, expected ${range}`, {
      hint: DEFAULT_HINT,
    });
  };
}

/** A decimal number within a range, both ends included. @throws {AntipodeError} `usage` */
export function numberOption(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new AntipodeError(
      'usage',
      `${name}: got ${JSON.stringify(text)}, expected a number from ${min} to ${max}`,
      { hint: DEFAULT_HINT },
    );
  };
}

/** Numbers within a range, separated by commas, each once. @throws {AntipodeError} `usage` */
export function numbersOption(name: string, min: number, max: number): (text: string) => number[] {
  const one = numberOption(name, min, max);
  return (text) => {
    const values = text.split(',').map((part) => one(part.trim()));
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice === undefined) return values;
    throw new AntipodeError('usage', `${name}: ${twice} stands twice in ${JSON.stringify(text)}`);
  };
}

/** One of `known`. @throws {AntipodeError} `usage` */
export function choiceOption<T extends string>(name: string, known: readonly T[]): (text: string) => T {
  return (text) => {
    const found = known.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new AntipodeError(
      'usage',
      `${name}: got ${JSON.stringify(text)}, expected one of ${known.join(', ')}`,
    );
  };
}

/** A comma-separated subset of `known`, in the order of `known`. @throws {AntipodeError} `usage` */
export function subsetOption<T extends string>(name: string, known: readonly T[]): (text: string) => T[] {
  return (text) => {
    const asked = text.split(',').map((part) => part.trim());
    const wrong = asked.filter((part) => !known.some((value) => value === part));
    if (wrong.length > 0 || asked.length === 0) {
      throw new AntipodeError(
        'usage',
        `${name}: got ${JSON.stringify(wrong[0] ?? text)}, expected some of ${known.join(', ')} separated by commas`,
      );
    }
    return known.filter((value) => asked.includes(value));
  };
}

export const spacesOption: (text: string) => Space[] = subsetOption('--spaces', SPACES);

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** For options of which a second would silently take the place of the first. @throws {AntipodeError} `usage` */
export function once(name: string): (value: string, previous: string | undefined) => string {
  return (value, previous) => {
    if (previous === undefined) return value;
    throw new AntipodeError('usage', `${name}: given twice (${previous} and ${value}, expected one)`);
  };
}
