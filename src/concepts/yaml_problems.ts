/** @file What is wrong with a file that people write, in sentences with line and column: all of it at once. For concept files and steering specs. */

import type { z } from 'zod';
import { AntipodeError } from '../errors.ts';
import type { Path, Problem, YamlText } from './yaml_text.ts';

const SHOWN_PROBLEMS = 20;

/**
 * One line per problem in the order of the file, at most 20 of them.
 * @param name begins every line
 * @param problems at least one
 */
export function yamlProblems(
  name: string,
  yaml: Pick<YamlText, 'position'>,
  problems: readonly Problem[],
  hint: string,
): AntipodeError {
  const lines = [...problems]
    .sort((left, right) => left.offset - right.offset)
    .map((problem) => `${name}:${yaml.position(problem.offset)}: ${problem.text}`);
  if (lines.length === 1) return new AntipodeError('format', lines[0] ?? '', { hint });
  const shown = lines.slice(0, SHOWN_PROBLEMS);
  if (lines.length > shown.length) shown.push(`… and ${lines.length - shown.length} more`);
  const message = [`${name}: ${lines.length} problems`, ...shown.map((line) => `  ${line}`)].join('\n');
  return new AntipodeError('format', message, { hint });
}

/** @param path of the value that was checked, in the whole file */
export function noteIssues(
  issues: readonly z.core.$ZodIssue[],
  path: Path,
  note: (path: Path, problem: string) => void,
): void {
  for (const issue of issues) {
    const at = [...path, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
    // Each unknown key is a line of its own; a file with thousands is somebody's other file.
    const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, SHOWN_PROBLEMS) : undefined;
    if (!keys) note(at, `${shownPath(at)}: ${sentence(issue)}`);
    for (const key of keys ?? []) note([...at, key], `${shownPath(at)}: unknown key '${short(key)}'`);
  }
}

/** Needs `reportInput`. */
function sentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing (expected ${expectedType(issue.expected)})`
        : `got ${describe(issue.input)}, expected ${expectedType(issue.expected)}`;
    case 'invalid_value':
      return `got ${describe(issue.input)}, expected ${issue.values.map(String).join(' or ')}`;
    case 'too_small':
      return isAmount(issue)
        ? `got ${describe(issue.input)}, expected ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
        : `is empty (expected at least one ${itemOf(issue)})`;
    case 'too_big':
      return isAmount(issue)
        ? `got ${describe(issue.input)}, expected ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`
        : `is too long (expected at most ${issue.maximum} ${issue.origin === 'array' ? 'entries' : 'characters'})`;
    default:
      return issue.message;
  }
}

interface Sized {
  readonly origin: string;
}

function isAmount({ origin }: Sized): boolean {
  return origin === 'number' || origin === 'int';
}

function itemOf({ origin }: Sized): string {
  return origin === 'array' ? 'entry' : 'character';
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'keys and values',
  record: 'keys and values',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function expectedType(type: string): string {
  return EXPECTED[type] ?? type;
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${short(value)}'`;
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'object') return 'keys and values';
  return String(value);
}

export function short(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}…` : value;
}

/** `concepts[2].a.features[0]`; the whole file has no path. */
export function shownPath(path: Path): string {
  const shown = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
  return shown === '' ? 'the file' : shown;
}
