/**
 * @file What @huggingface/tokenizers is given. Where that library and the Rust library `tokenizers` cut a text differently, the
 * configuration is rewritten so that they do not (each case says which); parts that cannot be rewritten are refused.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import { isObject, type JsonObject, listAt, objectAt, textOf } from './json_value.ts';
import type { TokenizerFiles } from './tokenizer_files.ts';
import type { Vocabulary } from './vocabulary.ts';

/** @throws {AntipodeError} `format` for normalizers and cuts that are not read */
export function libraryInput(
  files: TokenizerFiles,
  vocabulary: Vocabulary,
): { tokenizer: JsonObject; config: JsonObject } {
  const model = objectAt(files.tokenizer['model'], 'tokenizer.json: model');
  const stated = files.tokenizer['pre_tokenizer'];
  const normalizer = files.tokenizer['normalizer'];
  const tokenizer = {
    normalizer: normalizer === undefined || normalizer === null ? null : rewrittenNormalizer(normalizer, 0),
    pre_tokenizer: stated === undefined || stated === null ? null : rewritten(stated, 0),
    post_processor: null,
    decoder: null,
    // The library guesses where the type is not stated, and guesses wrong for some.
    model: { ...model, type: vocabulary.type },
    added_tokens: listAt(files.tokenizer['added_tokens'], 'tokenizer.json: added_tokens').map((token) =>
      isObject(token) ? { ...token, id: vocabulary.idOf(textOf(token['content'])) } : token,
    ),
  };
  const unknown = vocabulary.unknownId === undefined ? undefined : vocabulary.pieces[vocabulary.unknownId];
  // Nothing of tokenizer_config.json goes in: the Rust library does not know that file either. WordLevel looks here for its unknown token.
  return { tokenizer, config: unknown === undefined ? {} : { unk_token: unknown } };
}

const GPT2_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** What Rust's regular expressions call a word character. */
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`;

/** Cuts the text into the matches of a pattern that matches all of it. */
const pieces = (pattern: string): JsonObject => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Removed',
  invert: true,
});

const sequence = (...pretokenizers: JsonObject[]): JsonObject => ({ type: 'Sequence', pretokenizers });

function rewritten(stated: unknown, depth: number): JsonObject {
  const part = objectAt(stated, 'tokenizer.json: pre_tokenizer');
  switch (part['type']) {
    case 'Sequence': {
      if (depth > 8) throw notRead('a Sequence that deep');
      const parts = listAt(part['pretokenizers'], 'tokenizer.json: pre_tokenizer.pretokenizers');
      return sequence(...parts.map((inner) => rewritten(inner, depth + 1)));
    }
    case 'ByteLevel':
      // The library's own pattern counts U+FEFF as a space and U+0085 as none.
      if (part['use_regex'] === false || part['add_prefix_space'] === true) return part;
      return sequence(pieces(GPT2_PATTERN), { ...part, use_regex: false });
    case 'Whitespace':
      // The library's words are ASCII only. What is left over between the pieces is space.
      return pieces(`[${WORD}]+|[^${WORD}\\s]+`);
    case 'Digits':
      // The library's digits are ASCII only.
      return pieces(
        part['individual_digits'] === true ? String.raw`\P{N}+|\p{N}` : String.raw`\P{N}+|\p{N}+`,
      );
    case 'Metaspace':
      return rewrittenMetaspace(part);
    case 'Split':
      return rewrittenSplit(part);
    case 'WhitespaceSplit':
      return pieces(String.raw`\S+`);
    default:
      throw notRead(shownName(textOf(part['type'])));
  }
}

const PLAIN_NORMALIZERS: ReadonlySet<string> = new Set([
  'NFC',
  'NFD',
  'NFKC',
  'NFKD',
  'Lowercase',
  'Strip',
  'StripAccents',
  'Prepend',
]);

function rewrittenNormalizer(stated: unknown, depth: number): JsonObject {
  const part = objectAt(stated, 'tokenizer.json: normalizer');
  const type = textOf(part['type']);
  if (PLAIN_NORMALIZERS.has(type)) return part;
  if (type === 'Replace') {
    checkedPattern(part, 'normalizer');
    // The library takes a dollar sign as a reference to the match.
    return { ...part, content: textOf(part['content'] ?? '').replaceAll('$', '$$$$') };
  }
  if (type !== 'Sequence' || depth > 8) {
    throw new AntipodeError(
      'format',
      `tokenizer.json: normalizer has a part that antipode does not read (got ${shownName(type)})`,
    );
  }
  const parts = listAt(part['normalizers'], 'tokenizer.json: normalizer.normalizers');
  return { type, normalizers: parts.map((inner) => rewrittenNormalizer(inner, depth + 1)) };
}

/** The library prints a warning where there is no pattern, and goes on without. */
function checkedPattern(part: JsonObject, where: string): JsonObject {
  const pattern = isObject(part['pattern']) ? part['pattern'] : {};
  if (typeof pattern['String'] === 'string' || typeof pattern['Regex'] === 'string') return pattern;
  throw new AntipodeError(
    'format',
    `tokenizer.json: ${where} has a ${shownName(textOf(part['type']))} without a pattern`,
  );
}

function notRead(what: string): AntipodeError {
  return new AntipodeError(
    'format',
    `tokenizer.json: pre_tokenizer has a part that antipode does not read (got ${what})`,
  );
}

/** The library does not know the older `add_prefix_space`, and never splits at the marks. */
function rewrittenMetaspace(part: JsonObject): JsonObject {
  const mark = part['replacement'] ?? '▁';
  if (typeof mark !== 'string' || !/^[\p{L}\p{So}\p{Sm}_]$/u.test(mark))
    throw notRead('a Metaspace with an odd mark');
  const scheme = part['prepend_scheme'] ?? (part['add_prefix_space'] === false ? 'never' : 'always');
  const marked = { type: 'Metaspace', replacement: mark, prepend_scheme: scheme };
  return part['split'] === false ? marked : sequence(marked, pieces(`${mark}[^${mark}]*|[^${mark}]+`));
}

/** The library does not join a match to its neighbour; at a single character that can be written as a pattern. */
function rewrittenSplit(part: JsonObject): JsonObject {
  const behavior = textOf(part['behavior']).toLowerCase();
  const pattern = checkedPattern(part, 'pre_tokenizer');
  if (part['invert'] === true && behavior !== 'removed' && behavior !== 'isolated')
    throw notRead(`Split ${behavior}`);
  if (behavior === 'removed' || behavior === 'isolated') return part;
  const text = pattern['String'];
  if (typeof text !== 'string' || !/^[\p{L}\p{N}\p{S} ]$/u.test(text))
    throw notRead(`Split ${shownName(behavior)} at a pattern`);
  const c = `\\u{${text.codePointAt(0)!.toString(16)}}`;
  switch (behavior) {
    case 'mergedwithprevious':
      return pieces(`[^${c}]*${c}|[^${c}]+`);
    case 'mergedwithnext':
      return pieces(`${c}[^${c}]*|[^${c}]+`);
    case 'contiguous':
      return pieces(`${c}+|[^${c}]+`);
    default:
      throw notRead(`Split ${shownName(behavior)}`);
  }
}
