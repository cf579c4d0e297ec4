/**
 * @file The tokens of a `tokenizer.json`: which piece each id stands for, and which ids are special. Model types BPE and WordLevel, which
 * decoder language models use; leaves out Unigram and WordPiece.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import {
  flagAt,
  isObject,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
  textOf,
  wrongValue,
} from './json_value.ts';
import type { TokenizerFiles } from './tokenizer_files.ts';

/** Four times the largest vocabulary known (a million): an id may not make us reserve more than that. */
const MAX_VOCABULARY = 2 ** 22;

export interface Vocabulary {
  readonly type: 'BPE' | 'WordLevel';
  /** By id; `undefined` where an id stands for nothing. */
  readonly pieces: readonly (string | undefined)[];
  readonly special: ReadonlySet<number>;
  /** Added tokens stand for themselves: they are not made of bytes or of word marks. */
  readonly added: ReadonlySet<number>;
  readonly unknownId: number | undefined;
  idOf(piece: string): number | undefined;
}

/** @throws {AntipodeError} `format` for other model types, ids that cannot be, and values of the wrong type */
export function readVocabulary(files: TokenizerFiles): Vocabulary {
  const model = objectAt(files.tokenizer['model'], 'tokenizer.json: model');
  const type = modelType(model);
  const words = objectAt(model['vocab'], 'tokenizer.json: model.vocab');
  const pieces: (string | undefined)[] = [];
  const put = (id: unknown, piece: string): number => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_VOCABULARY) {
      throw new AntipodeError(
        'format',
        `tokenizer.json: ${shownName(piece)} has no usable id (got ${shownName(String(JSON.stringify(id)))}, expected an integer below ${MAX_VOCABULARY})`,
      );
    }
    while (pieces.length <= id) pieces.push(undefined);
    pieces[id] = piece;
    return id;
  };
  for (const [piece, id] of Object.entries(words)) put(id, piece);
  const addedIds = new Map<string, number>();
  const special = new Set<number>();
  for (const [i, entry] of listAt(
    files.tokenizer['added_tokens'],
    'tokenizer.json: added_tokens',
  ).entries()) {
    const where = `tokenizer.json: added_tokens[${i}]`;
    const token = objectAt(entry, where);
    const content = stringAt(token['content'], `${where}.content`);
    // The id of a piece that the vocabulary has already is the vocabulary's, as in the Rust library.
    const id = put(Object.hasOwn(words, content) ? words[content] : token['id'], content);
    addedIds.set(content, id);
    if (flagAt(token['special']) === true) special.add(id);
  }
  if (pieces.length === 0) throw new AntipodeError('format', 'tokenizer.json: the vocabulary is empty');
  const idOf = (piece: string): number | undefined =>
    addedIds.get(piece) ?? (Object.hasOwn(words, piece) ? (words[piece] as number) : undefined);
  for (const name of namedSpecials(files)) {
    const id = idOf(name);
    if (id !== undefined) special.add(id);
  }
  const unknown = model['unk_token'];
  return {
    type,
    pieces,
    special,
    added: new Set(addedIds.values()),
    unknownId: typeof unknown === 'string' ? idOf(unknown) : undefined,
    idOf,
  };
}

/** Older files state no type: a list of merges makes a BPE. */
function modelType(model: JsonObject): 'BPE' | 'WordLevel' {
  const type = model['type'] ?? (Array.isArray(model['merges']) ? 'BPE' : 'WordLevel');
  if (type === 'WordLevel') return type;
  if (type !== 'BPE') {
    throw new AntipodeError(
      'format',
      `tokenizer.json: is of a type that antipode does not read (got ${shownName(textOf(type))}, expected BPE or WordLevel)`,
    );
  }
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model[key])
      throw new AntipodeError('format', `tokenizer.json: uses ${key}, which antipode does not read`);
  }
  checkMerges(model['merges']);
  return type;
}

function checkMerges(merges: unknown): void {
  if (!Array.isArray(merges)) throw wrongValue('tokenizer.json: model.merges', merges, 'an array');
  const isPair = Array.isArray(merges[0]);
  for (const [i, merge] of merges.entries()) {
    const isRight = isPair
      ? Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string')
      : typeof merge === 'string' && merge.includes(' ');
    if (!isRight) {
      throw wrongValue(
        `tokenizer.json: model.merges[${i}]`,
        merge,
        isPair ? 'two strings' : 'two words in a string',
      );
    }
  }
}

const TOKEN_ROLES: readonly string[] = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'];

/** Tokens that the smaller files name are special also where `tokenizer.json` does not say so, as in transformers. */
function namedSpecials(files: TokenizerFiles): string[] {
  const sources = [files.config, files.specialTokensMap];
  const roles = sources.flatMap((source) => TOKEN_ROLES.map((role) => tokenContent(source[`${role}_token`])));
  const more = sources.flatMap((source) => {
    const list = source['additional_special_tokens'];
    return Array.isArray(list) ? list.map(tokenContent) : [];
  });
  return [...roles, ...more].filter((name) => name !== undefined);
}

/** A token is written as its text, or as an object with its `content`. */
export function tokenContent(value: unknown): string | undefined {
  const content = isObject(value) ? value['content'] : value;
  return typeof content === 'string' ? content : undefined;
}
