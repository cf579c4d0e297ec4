/**
 * @file From token pieces back to text, one piece at a time: the `decoder` of `tokenizer.json` as a row of stages, each holding back only
 * what a later piece could change. The same results as the Rust library `tokenizers`, which decodes all at once. Decoders: none, ByteLevel,
 * Metaspace, and Sequences of Replace, ByteFallback, Fuse, Strip and those two. Leaves out WordPiece, BPEDecoder and CTC.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import { isObject, type JsonObject, listAt, objectAt, stringAt, textOf } from './json_value.ts';

/** One text's worth of state. A stage between `Fuse` and the end gets one piece in parts. */
export interface Stage {
  push(piece: string): readonly string[];
  end(): readonly string[];
}

/** Makes the stages of one text. */
export type StageFactory = () => Stage;

const WHERE = 'tokenizer.json: decoder';

/** @throws {AntipodeError} `format` for decoders of other kinds */
export function readDecoder(stated: unknown): StageFactory {
  if (stated === null || stated === undefined) return joinedBySpaces;
  const stages = flatten(stated, 0);
  let isFused = false;
  const factories = stages.map((stage) => {
    const factory = stageOf(stage, isFused);
    isFused ||= stage['type'] === 'Fuse' || stage['type'] === 'ByteLevel';
    return factory;
  });
  return () => chained(factories.map((create) => create()));
}

function flatten(stated: unknown, depth: number): JsonObject[] {
  const decoder = objectAt(stated, WHERE);
  if (decoder['type'] !== 'Sequence') return [decoder];
  if (depth > 8) throw new AntipodeError('format', `${WHERE}: sequences stand too deep in each other`);
  return listAt(decoder['decoders'], `${WHERE}.decoders`).flatMap((part) => flatten(part, depth + 1));
}

function stageOf(decoder: JsonObject, isFused: boolean): StageFactory {
  const type = textOf(decoder['type']);
  switch (type) {
    case 'Fuse':
      return () => mapped((piece) => piece);
    case 'Strip':
      return stripStage(decoder, isFused);
    case 'Replace':
      return replaceStage(decoder, isFused);
    case 'ByteFallback':
      if (!isFused) return byteFallback;
      break;
    case 'ByteLevel':
      if (!isFused) return byteLevel;
      break;
    case 'Metaspace':
      if (!isFused) return metaspaceStage(decoder);
      break;
  }
  throw new AntipodeError(
    'format',
    `${WHERE}: has a part that antipode does not read (got ${shownName(type)}${isFused ? ' behind Fuse' : ''})`,
  );
}

function chained(stages: readonly Stage[]): Stage {
  const through = (pieces: readonly string[], from: number): readonly string[] =>
    stages.slice(from).reduce((now, stage) => now.flatMap((piece) => stage.push(piece)), pieces);
  return {
    push: (piece) => through([piece], 0),
    end: () => stages.flatMap((stage, i) => through(stage.end(), i + 1)),
  };
}

function mapped(change: (piece: string) => string): Stage {
  return { push: (piece) => [change(piece)], end: () => [] };
}

function joinedBySpaces(): Stage {
  let isFirst = true;
  return mapped((piece) => {
    const text = isFirst ? piece : ` ${piece}`;
    isFirst = false;
    return text;
  });
}

function replaceStage(decoder: JsonObject, isFused: boolean): StageFactory {
  const pattern = isObject(decoder['pattern']) ? decoder['pattern']['String'] : undefined;
  const content = stringAt(decoder['content'], `${WHERE}: Replace.content`);
  if (typeof pattern !== 'string' || pattern === '' || (isFused && [...pattern].length > 1)) {
    throw new AntipodeError(
      'format',
      `${WHERE}: Replace has a pattern that antipode does not read (expected a plain text${isFused ? ' of one character' : ''})`,
    );
  }
  return () => mapped((piece) => piece.replaceAll(pattern, () => content));
}

/** The word mark of the first piece is dropped, unless the scheme says that none was put there. */
function metaspaceStage(decoder: JsonObject): StageFactory {
  const mark = stringAt(decoder['replacement'] ?? '▁', `${WHERE}: Metaspace.replacement`);
  const scheme = decoder['prepend_scheme'] ?? (decoder['add_prefix_space'] === false ? 'never' : 'always');
  return () => {
    let isFirst = scheme !== 'never';
    return mapped((piece) => {
      const text = piece.replaceAll(mark, isFirst ? '' : ' ');
      isFirst = false;
      return text;
    });
  };
}

function stripStage(decoder: JsonObject, isFused: boolean): StageFactory {
  const content = stringAt(decoder['content'], `${WHERE}: Strip.content`);
  const start = decoder['start'];
  const stop = decoder['stop'];
  const isCount = (n: unknown): n is number =>
    typeof n === 'number' && Number.isInteger(n) && n >= 0 && n < 1000;
  if ([...content].length !== 1 || !isCount(start) || !isCount(stop)) {
    throw new AntipodeError('format', `${WHERE}: Strip is not a character and two counts`);
  }
  const strip = { content, start, stop };
  if (isFused) return () => stripWhole(strip);
  return () =>
    mapped((piece) => {
      const whole = stripWhole(strip);
      return [...whole.push(piece), ...whole.end()].join('');
    });
}

/** Up to `start` leading and `stop` trailing ones of the character `content`, of everything that comes through. */
function stripWhole({ content, start, stop }: { content: string; start: number; stop: number }): Stage {
  let toDrop = start;
  let held = 0;
  return {
    push(piece) {
      let rest = piece;
      while (toDrop > 0 && rest !== '') {
        if (!rest.startsWith(content)) {
          toDrop = 0;
          break;
        }
        rest = rest.slice(content.length);
        toDrop -= 1;
      }
      const waiting = content.repeat(held) + rest;
      let end = waiting.length;
      held = 0;
      while (held < stop && waiting.slice(0, end).endsWith(content)) {
        end -= content.length;
        held += 1;
      }
      return [waiting.slice(0, end)];
    },
    end: () => [],
  };
}

/** `<0xE4>` pieces in a row are one run of bytes: its text where it is UTF-8 as a whole, and one U+FFFD per byte where it is not. */
function byteFallback(): Stage {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let run: number[] = [];
  const flush = (): string[] => {
    if (run.length === 0) return [];
    const bytes = Uint8Array.from(run);
    run = [];
    try {
      return [utf8.decode(bytes)];
    } catch {
      return ['\uFFFD'.repeat(bytes.length)];
    }
  };
  return {
    push(piece) {
      const byte = byteOfPiece(piece);
      if (byte === undefined) return [...flush(), piece];
      run.push(byte);
      return [];
    },
    end: flush,
  };
}

/** The byte that a piece like `<0xE4>` stands for. */
export function byteOfPiece(piece: string): number | undefined {
  const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece);
  return match ? Number.parseInt(match[1]!, 16) : undefined;
}

/** All pieces are one run of bytes; what is no UTF-8 becomes U+FFFD, as the WHATWG and Rust's lossy conversion both do. */
function byteLevel(): Stage {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (piece) => [utf8.decode(bytesOfPiece(piece), { stream: true })],
    end: () => [utf8.decode()],
  };
}

/** Bytes that print as themselves in GPT-2's byte alphabet; the others follow each other from U+0100 on. */
const isPrinted = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, byte) => byte)
    .sort((a, b) => Number(isPrinted(b)) - Number(isPrinted(a)) || a - b)
    .map((byte, i): [string, number] => [String.fromCharCode(isPrinted(byte) ? byte : 256 + i - 188), byte]),
);

/** The bytes of a piece in GPT-2's byte alphabet; a piece with any other character stands for its own UTF-8 bytes. */
export function bytesOfPiece(piece: string): Uint8Array {
  const bytes = [...piece].map((character) => BYTE_OF_CHARACTER.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : new TextEncoder().encode(piece);
}
