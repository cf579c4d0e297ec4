/** @file From the bytes of one document to its text: UTF-8 only, a field of a JSON object or lines as they are. */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';

export type DocumentForm =
  | { readonly format: 'text'; readonly separator: 'line' | 'paragraph' }
  | { readonly format: 'jsonl'; readonly field: string };

/** What tokenizers take at once, in UTF-16 units; a UTF-8 text never has more of those than bytes. */
export const MAX_DOCUMENT_BYTES: number = 2 ** 19;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param where begins the message, as `stories.txt:17` @throws {AntipodeError} `format` */
export function decodeDocument(bytes: Uint8Array, where: string): string {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch (error) {
    throw new AntipodeError('format', `${where}: not UTF-8 text`, {
      hint: 'convert the file, as with iconv -t UTF-8',
      cause: error,
    });
  }
  if (!text.includes('\0')) return text;
  throw new AntipodeError('format', `${where}: holds a zero byte: this is a binary file, not text`, {
    hint: 'give a text file, or one packed by gzip with a name that ends in .gz',
  });
}

/** The document in a line or a paragraph; blank where there is none. Longer than `MAX_DOCUMENT_BYTES` units: cut there. @throws {AntipodeError} `format` */
export function textOfDocument(raw: string, form: DocumentForm, where: string): string {
  return withinLimit(
    form.format === 'jsonl' ? fieldOf(raw, form.field, where) : raw.replaceAll('\r\n', '\n'),
  );
}

/** Whole characters: never half a surrogate pair. */
function withinLimit(text: string): string {
  if (text.length <= MAX_DOCUMENT_BYTES) return text;
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(MAX_DOCUMENT_BYTES - 1));
  return text.slice(0, isHalf ? MAX_DOCUMENT_BYTES - 1 : MAX_DOCUMENT_BYTES);
}

const JSON_LINES =
  'each line is an object such as {"text": "…"}; plain text has no such name, or takes --text-format text';

/** @throws {AntipodeError} `format` */
export function fieldOf(raw: string, field: string, where: string): string {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AntipodeError('format', `${where}: not JSON (${reason.slice(0, 160)})`, {
      hint: JSON_LINES,
      cause: error,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AntipodeError('format', `${where}: got ${kindOf(value)}, expected a JSON object`, {
      hint: JSON_LINES,
    });
  }
  const text = (value as Record<string, unknown>)[field];
  if (typeof text === 'string' && Object.hasOwn(value, field)) return text;
  if (Object.hasOwn(value, field)) {
    throw new AntipodeError(
      'format',
      `${where}: field ${shownName(field)} is ${kindOf(text)}, expected a string`,
      { hint: 'name the field that holds the text with --field' },
    );
  }
  const names = Object.keys(value).slice(0, 8).map(shownName);
  throw new AntipodeError(
    'format',
    `${where}: has no field ${shownName(field)} (it has ${names.join(', ') || 'none'})`,
    { hint: 'name the field that holds the text with --field' },
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
