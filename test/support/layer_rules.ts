/**
 * @file The rules of the house that a compiler does not know: which room may import which, how files are named and begin, how long they
 * may be, who may write to stdout. Works on text with comments and strings told apart, not on a syntax tree. Leaves out `*.test.ts`.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix, relative, sep } from 'node:path';

/** From the ground up: a room imports itself and what stands before it. Files beside the rooms are `errors.ts` and `index.ts` only. */
export const ROOMS: readonly string[] = [
  'errors.ts',
  'tensor',
  'stats',
  'onnx',
  'formats',
  'isolation',
  'hub',
  'endpoint',
  'sae',
  'features',
  'concepts',
  'search',
  'geometry',
  'lm',
  'train',
  'explain',
  'steering',
  'judge',
  'organism',
  'experiment',
  'report',
  'cli',
  'index.ts',
];

const MAX_LINES = 400;

/** Violations as sentences that begin with the file; empty where the tree keeps every rule. */
export function violationsIn(root: string): string[] {
  return sourceFiles(root).flatMap((path) => {
    const file = relative(root, path).split(sep).join('/');
    return violationsOf(file, readFileSync(path, 'utf8')).map((problem) => `${file}: ${problem}`);
  });
}

function sourceFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return sourceFiles(path);
      return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [path] : [];
    });
}

/** @param file path below the root, with forward slashes */
function violationsOf(file: string, text: string): string[] {
  const code = withoutComments(text);
  const bare = withoutStrings(code);
  const found = [...importsOf(code)].flatMap((target) => importViolation(file, target) ?? []);
  const room = roomOf(file);
  const check = (isBroken: boolean, problem: string): void => {
    if (isBroken) found.push(problem);
  };
  check(!ROOMS.includes(room), `${room} is not a room (the rooms are ${ROOMS.join(', ')})`);
  check(/^(utils?|helpers?)$/.test(basename(file, '.ts')), 'the name says nothing about what is in it');
  check(!/^(#![^\n]*\n)?\/\*\*\s+(\*\s+)?@file /.test(text), 'does not open with /** @file');
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  check(lines > MAX_LINES, `has ${lines} lines, more than ${MAX_LINES}`);
  check(/\bexport\s+default\b|\bas\s+default\b/.test(bare), 'has a default export');
  check(/\bconsole\s*[.[]/.test(bare), 'uses console');
  check(
    room !== 'cli' && /\bprocess\s*\.\s*(stdout|stderr)\b/.test(bare),
    'touches process.stdout or stderr',
  );
  // Types are no sockets, and whether a text is an address asks nobody.
  const opensSockets = /^\s*import (?!type\b)[^;]*?\bfrom\s*['"]node:(https?|http2|tls|dgram)['"]/m;
  check(room !== 'hub' && opensSockets.test(code), 'opens sockets, which only hub does');
  check(!['hub', 'endpoint'].includes(room) && /(?<![.\w])fetch\s*\(/.test(bare), 'fetches by itself');
  const isSink = file === 'cli/output.ts';
  const writesToDescriptor = /\b(write|writeSync|writeFile|writeFileSync|createWriteStream)\s*\(\s*[12]\s*,/;
  check(
    !isSink && (writesToDescriptor.test(bare) || /['"`]\/dev\/(stdout|stderr|fd\/)/.test(code)),
    'writes to stdout or stderr through the file system',
  );
  return found;
}

function importViolation(file: string, target: string): string | undefined {
  if (!target.startsWith('.')) return undefined;
  const resolved = posix.normalize(posix.join(dirname(file).split(sep).join('/'), target));
  if (resolved.startsWith('..')) return `imports ${target}, which is outside src`;
  const from = ROOMS.indexOf(roomOf(file));
  const to = ROOMS.indexOf(roomOf(resolved));
  if (to < 0) return `imports ${target}, which is in no room`;
  if (to > from) return `imports ${target}: ${roomOf(file)} stands below ${roomOf(resolved)}`;
  return undefined;
}

/** The first folder, or the file's own name where it stands beside the rooms. */
function roomOf(file: string): string {
  return file.split('/')[0]!;
}

/** `import … from 'x'`, `import 'x'`, `export … from 'x'`, `import('x')`; types too, because they shape the house as well. */
function* importsOf(code: string): Iterable<string> {
  const forms = [
    /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(.*?)\1/g,
    /\bimport\s*(['"])(.*?)\1/g,
    /\bimport\s*\(\s*(['"`])(.*?)\1/g,
    /\bnew\s+URL\(\s*(['"])(\.[^'"]*\.[jt]s)\1/g,
  ];
  for (const form of forms) for (const match of code.matchAll(form)) yield match[2]!;
}

/** A string, a template, a regular expression behind a sign that cannot end a value, or a comment. */
const TOKENS =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[(,=:[!&|?{};]\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function withoutComments(text: string): string {
  return text.replace(TOKENS, (token) => (/^\/[/*]/.test(token) ? ' ' : token));
}

function withoutStrings(code: string): string {
  // What a template puts in is code and stays.
  return code.replace(TOKENS, (token) =>
    token.startsWith('`')
      ? [...token.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(' ; ')
      : ' "" ',
  );
}
