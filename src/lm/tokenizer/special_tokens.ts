/**
 * @file Which tokens begin and end a text, by the model's own files. `add_bos_token` and `add_eos_token` of `tokenizer_config.json` decide
 * where they are stated, each for its own end; otherwise the post-processor of `tokenizer.json` does. Nothing is added that no file asks
 * for. Post-processors: TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel (which adds nothing), and Sequences of them.
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
import { tokenContent, type Vocabulary } from './vocabulary.ts';

export interface SpecialTokens {
  readonly bosId: number | undefined;
  /** Ascending. */
  readonly eosIds: readonly number[];
  /** What stands around a text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

interface Ends {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** @throws {AntipodeError} `format` for post-processors of other kinds or with ids that the vocabulary lacks */
export function readSpecialTokens(files: TokenizerFiles, vocabulary: Vocabulary): SpecialTokens {
  const ends = endsOf(files.tokenizer['post_processor'], vocabulary);
  const bosId = roleId(files, vocabulary, 'bos') ?? statedIds(files, vocabulary, 'bos_token_id')[0];
  const eosId = roleId(files, vocabulary, 'eos');
  const eosIds = new Set(statedIds(files, vocabulary, 'eos_token_id'));
  if (eosId !== undefined) eosIds.add(eosId);
  const addBos = flagAt(files.config['add_bos_token']);
  const addEos = flagAt(files.config['add_eos_token']);
  const withoutBos = ends.before[0] === bosId ? ends.before.slice(1) : ends.before;
  const withoutEos = ends.after.at(-1) === eosId ? ends.after.slice(0, -1) : ends.after;
  const bos = bosId === undefined ? [] : [bosId];
  const eos = eosId === undefined ? [] : [eosId];
  return {
    bosId,
    eosIds: [...eosIds].sort((a, b) => a - b),
    before: addBos === undefined ? ends.before : [...(addBos ? bos : []), ...withoutBos],
    after: addEos === undefined ? ends.after : [...withoutEos, ...(addEos ? eos : [])],
  };
}

function roleId(files: TokenizerFiles, vocabulary: Vocabulary, role: 'bos' | 'eos'): number | undefined {
  const key = `${role}_token`;
  const name = tokenContent(files.config[key]) ?? tokenContent(files.specialTokensMap[key]);
  return name === undefined ? undefined : vocabulary.idOf(name);
}

/** Of generation_config.json, or of config.json where that states none; ids that the vocabulary lacks can never be met and are dropped. */
function statedIds(files: TokenizerFiles, vocabulary: Vocabulary, key: string): number[] {
  const stated = files.generationConfig[key] ?? files.modelConfig[key];
  const list: unknown[] = Array.isArray(stated) ? stated : [stated];
  return list.filter((id): id is number => typeof id === 'number' && vocabulary.pieces[id] !== undefined);
}

function endsOf(stated: unknown, vocabulary: Vocabulary, depth = 0): Ends {
  const where = 'tokenizer.json: post_processor';
  if (stated === null || stated === undefined) return { before: [], after: [] };
  const processor = objectAt(stated, where);
  switch (processor['type']) {
    case 'ByteLevel':
      return { before: [], after: [] };
    case 'TemplateProcessing':
      return templateEnds(processor, vocabulary);
    case 'BertProcessing':
    case 'RobertaProcessing':
      return {
        before: [knownId(listAt(processor['cls'], `${where}.cls`)[1], vocabulary)],
        after: [knownId(listAt(processor['sep'], `${where}.sep`)[1], vocabulary)],
      };
    case 'Sequence': {
      if (depth > 8) throw new AntipodeError('format', `${where}: sequences stand too deep in each other`);
      const parts = listAt(processor['processors'], `${where}.processors`).map((part) =>
        endsOf(part, vocabulary, depth + 1),
      );
      // A later part works on what the earlier ones made.
      return {
        before: parts.toReversed().flatMap((part) => part.before),
        after: parts.flatMap((part) => part.after),
      };
    }
    default:
      throw new AntipodeError(
        'format',
        `${where}: is of a type that antipode does not read (got ${shownName(textOf(processor['type']))})`,
      );
  }
}

function templateEnds(processor: JsonObject, vocabulary: Vocabulary): Ends {
  const where = 'tokenizer.json: post_processor';
  const tokens = objectAt(processor['special_tokens'], `${where}.special_tokens`);
  const ends = { before: [] as number[], after: [] as number[] };
  let isPast = false;
  for (const [i, entry] of listAt(processor['single'], `${where}.single`).entries()) {
    const piece = objectAt(entry, `${where}.single[${i}]`);
    if (isObject(piece['Sequence'])) {
      if (isPast) throw new AntipodeError('format', `${where}: writes the text twice`);
      isPast = true;
      continue;
    }
    const special = objectAt(piece['SpecialToken'], `${where}.single[${i}].SpecialToken`);
    const name = stringAt(special['id'], `${where}.single[${i}].SpecialToken.id`);
    const token = objectAt(tokens[name], `${where}.special_tokens[${shownName(name)}]`);
    const ids = listAt(token['ids'], `${where}.special_tokens[${shownName(name)}].ids`);
    (isPast ? ends.after : ends.before).push(...ids.map((id) => knownId(id, vocabulary)));
  }
  if (!isPast) throw new AntipodeError('format', `${where}: leaves the text out`);
  return ends;
}

function knownId(id: unknown, vocabulary: Vocabulary): number {
  if (typeof id === 'number' && vocabulary.pieces[id] !== undefined) return id;
  throw wrongValue('tokenizer.json: post_processor', id, 'an id of the vocabulary');
}
