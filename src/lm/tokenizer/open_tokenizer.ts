/** @file Opens the tokenizer of a model folder: puts together what the files say of vocabulary, special tokens, cutting and joining. */

import { AntipodeError } from '../../errors.ts';
import { renderChat } from './chat_template.ts';
import { byteOfPiece, bytesOfPiece, readDecoder } from './piece_stream.ts';
import { readSpecialTokens, type SpecialTokens } from './special_tokens.ts';
import { createTextEncoder } from './text_encoder.ts';
import type { DecodeOptions, StreamDecoder, Tokenizer } from './tokenizer.ts';
import { readTokenizerFiles, type TokenizerFiles } from './tokenizer_files.ts';
import { readVocabulary, tokenContent, type Vocabulary } from './vocabulary.ts';

export interface OpenTokenizerOptions {
  /** How long one text may take, in milliseconds; default a minute, six times what the worst text needs under honest patterns. */
  readonly encodeLimitMs?: number;
}

/**
 * A large vocabulary (Gemma's 256,000) takes a few seconds.
 * @param folder holds `tokenizer.json`; `tokenizer_config.json`, `special_tokens_map.json`, `generation_config.json`, `config.json` and
 * `chat_template.jinja` are read where they are there
 * @throws {AntipodeError} `missing` without a tokenizer.json, `format` for files that are broken or of a kind that is not read
 */
export async function openTokenizer(folder: string, options: OpenTokenizerOptions = {}): Promise<Tokenizer> {
  return createTokenizer(await readTokenizerFiles(folder), options);
}

function createTokenizer(files: TokenizerFiles, { encodeLimitMs }: OpenTokenizerOptions): Tokenizer {
  const vocabulary = readVocabulary(files);
  const special = readSpecialTokens(files, vocabulary);
  const createStage = readDecoder(files.tokenizer['decoder']);
  const encodeText = createTextEncoder(files, vocabulary, encodeLimitMs);

  const createDecoder = ({ skipSpecialTokens = false }: DecodeOptions = {}): StreamDecoder => {
    const stage = createStage();
    return {
      push(id) {
        const piece = pieceOf(vocabulary, id);
        return skipSpecialTokens && vocabulary.special.has(id) ? '' : stage.push(piece).join('');
      },
      end: () => stage.end().join(''),
    };
  };
  return {
    vocabSize: vocabulary.pieces.length,
    bosId: special.bosId,
    eosIds: special.eosIds,
    hasChatTemplate: files.chatTemplate !== undefined,
    createDecoder,
    encode(text, { addSpecialTokens = true } = {}) {
      const ids = encodeText(text);
      return Int32Array.from(addSpecialTokens ? withEnds(ids, special) : ids);
    },
    decode(ids, options) {
      const decoder = createDecoder(options);
      const texts = Array.from(ids, (id) => decoder.push(id));
      return texts.join('') + decoder.end();
    },
    isSpecial: (id) => vocabulary.special.has(id),
    tokenText: (id) => tokenText(vocabulary, id, files.tokenizer['decoder']),
    async applyChatTemplate(messages, options) {
      if (files.chatTemplate === undefined) {
        throw new AntipodeError('usage', `${files.folder}: the model has no chat template`, {
          hint: 'give the prompt as plain text, or use the instruction-tuned model of the family',
        });
      }
      return renderChat({ template: files.chatTemplate, names: tokenNames(files), messages, ...options });
    },
  };
}

function withEnds(ids: readonly number[], { before, after, bosId }: SpecialTokens): number[] {
  const isThere = bosId !== undefined && before[0] === bosId && ids[0] === bosId;
  return [...(isThere ? before.slice(1) : before), ...ids, ...after];
}

function pieceOf(vocabulary: Vocabulary, id: number): string {
  const piece = vocabulary.pieces[id];
  if (piece !== undefined) return piece;
  throw new AntipodeError(
    'usage',
    `id ${id}: is not in the vocabulary (it has ids from 0 to ${vocabulary.pieces.length - 1}${id >= 0 && id < vocabulary.pieces.length ? ', not all of them' : ''})`,
  );
}

function tokenText(vocabulary: Vocabulary, id: number, decoder: unknown): string {
  const piece = pieceOf(vocabulary, id);
  if (vocabulary.added.has(id)) return piece;
  const kinds = JSON.stringify(decoder ?? null);
  if (kinds.includes('"ByteLevel"')) return textOfBytes(bytesOfPiece(piece));
  const byte = kinds.includes('"ByteFallback"') ? byteOfPiece(piece) : undefined;
  if (byte !== undefined) return textOfBytes(Uint8Array.of(byte));
  return decoder === null || decoder === undefined ? piece : piece.replaceAll('▁', ' ');
}

function textOfBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
  }
}

/** `bos_token` and the like, which templates write. */
function tokenNames(files: TokenizerFiles): Record<string, string> {
  const names: Record<string, string> = {};
  for (const source of [files.specialTokensMap, files.config]) {
    for (const [key, value] of Object.entries(source)) {
      const name = key.endsWith('_token') ? tokenContent(value) : undefined;
      if (name !== undefined) names[key] = name;
    }
  }
  return names;
}
