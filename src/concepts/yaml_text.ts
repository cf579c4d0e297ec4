/**
 * @file YAML 1.2 (and so JSON) text into plain values, with the line and column of every value for messages. Built for files from
 * strangers: depth, aliases and repeated keys are checked here, because the `yaml` package meets deep nesting with the end of the
 * process and repeated keys with quadratic time. Leaves out what the values mean.
 */

import { Composer, type Document, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml';
import { AntipodeError } from '../errors.ts';

export interface Problem {
  /** Character offset, from 0. */
  readonly offset: number;
  readonly text: string;
}

export type Path = readonly (string | number)[];

export interface YamlText {
  /** Maps become objects without prototype; keys are strings; null for an empty file; undefined after syntax errors. */
  readonly value: unknown;
  /** Where the value at `path` begins; where the path ends early, where its last known part begins. */
  offsetOf(path: Path): number;
  /** `3:14`, from 1. */
  position(offset: number): string;
  /** Syntax errors, without a `value` then; and repeated keys, the last of which is in `value`. */
  readonly problems: readonly Problem[];
}

/** Concept files nest five levels; the parser's own recursion would reach the end of the stack near 800. */
const MAX_DEPTH = 32;

/** Aliases may share a list between concepts; more of them than this is a way to write gigabytes in a few lines. */
const MAX_ALIASES = 100;

/** @throws {AntipodeError} `format` for nesting, aliases or documents beyond the limits */
export function parseYaml(text: string, name: string): YamlText {
  const lines = new LineCounter();
  // The parser reports the lines that it reaches, never the first.
  lines.addNewLine(0);
  const position = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  const document = composeOne(text, name, lines);
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    offset: error.pos[0],
    text: firstLine(error.message),
  }));
  const conversion: Conversion = { document, name, problems, position, aliases: 0 };
  // A document with syntax errors has half-made nodes: its errors are all there is to say.
  const value = problems.length > 0 ? undefined : plain(document.contents, conversion, 0);
  return { value, problems, position, offsetOf: (path) => offsetOf(document, path) };
}

function composeOne(text: string, name: string, lines: LineCounter): Document {
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer({
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
  });
  const documents: Document[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
    if (parser.stack.length > 2 * MAX_DEPTH) throw tooDeep(name);
    if (documents.length > 1) break;
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end(true, text.length));
  const [document] = documents;
  if (!document) throw new Error('internal: the YAML composer made no document');
  if (documents.length > 1) {
    throw new AntipodeError('format', `${name}: several YAML documents in one file (expected one)`, {
      hint: 'keep one and remove the lines that hold only ---',
    });
  }
  return document;
}

interface Conversion {
  readonly document: Document;
  readonly name: string;
  readonly problems: Problem[];
  readonly position: (offset: number) => string;
  aliases: number;
}

function plain(node: unknown, conversion: Conversion, depth: number): unknown {
  if (depth > MAX_DEPTH) throw tooDeep(conversion.name);
  if (isAlias(node)) {
    conversion.aliases += 1;
    if (conversion.aliases > MAX_ALIASES) {
      throw new AntipodeError(
        'format',
        `${conversion.name}:${conversion.position(node.range?.[0] ?? 0)}: more than ${MAX_ALIASES} aliases`,
        { hint: 'write the lists out instead of repeating them with *' },
      );
    }
    return plain(node.resolve(conversion.document), conversion, depth + 1);
  }
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => plain(item, conversion, depth + 1));
  if (!isMap(node)) return null;
  const object: Record<string, unknown> = Object.create(null);
  for (const { key, value } of node.items) {
    const name = keyText(key);
    if (name in object) {
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
      conversion.problems.push({ offset, text: `the key '${name}' stands here a second time` });
    }
    object[name] = plain(value, conversion, depth + 1);
  }
  return object;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) node = node.items.find(({ key }) => keyText(key) === step)?.value;
    else if (isSeq(node) && typeof step === 'number') node = node.items[step];
    else return offset;
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

function tooDeep(name: string): AntipodeError {
  return new AntipodeError('format', `${name}: nested too deeply (expected at most ${MAX_DEPTH} levels)`);
}

function firstLine(message: string): string {
  const line = message.split('\n')[0] ?? '';
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
