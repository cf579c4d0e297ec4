/** @file Lines out of chunks of bytes, with their places in the file. A line is kept up to a limit; what is beyond it is passed over. */

export interface Line {
  /** From 1. */
  readonly line: number;
  /** Of its first byte in the file; behind the byte order mark (UTF-8) on the first line. */
  readonly offset: number;
  /** Without the line break (`\n` or `\r\n`). */
  readonly byteLength: number;
  /** All of it, or whole characters of at most as many bytes as the limit. May be overwritten once the next line is asked for. */
  readonly bytes: Uint8Array;
}

/** Bytes of a line that are not of its text: the mark in front, the return behind. */
const BESIDES = 4;

export class LineScanner {
  readonly #limit: number;
  /** What was kept of a line that began in an earlier chunk. */
  #pieces: Uint8Array[] = [];
  #kept = 0;
  /** Of that line so far, kept or not. */
  #length = 0;
  #endsInReturn = false;
  #line = 1;
  #offset = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that end in this chunk. The chunk may be used for other bytes afterwards. */
  *push(chunk: Uint8Array): Iterable<Line> {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      this.#keep(chunk.subarray(start, end));
      yield this.#finish(1);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    // The chunk is not ours to keep.
    this.#pieces = [joined(this.#pieces, this.#kept).slice()];
  }

  /** The last line where no line break ends it. */
  end(): Line | undefined {
    return this.#length > 0 ? this.#finish(0) : undefined;
  }

  #keep(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    this.#length += piece.byteLength;
    this.#endsInReturn = piece.at(-1) === 0x0d;
    const part = piece.subarray(0, this.#limit + BESIDES - this.#kept);
    this.#kept += part.byteLength;
    this.#pieces.push(part);
  }

  #finish(breakBytes: number): Line {
    const all = joined(this.#pieces, this.#kept);
    const isMarked = this.#line === 1 && all[0] === 0xef && all[1] === 0xbb && all[2] === 0xbf;
    const mark = isMarked ? 3 : 0;
    const byteLength = this.#length - mark - (this.#endsInReturn ? 1 : 0);
    const kept = all.subarray(mark, mark + byteLength);
    const line: Line = {
      line: this.#line,
      offset: this.#offset + mark,
      byteLength,
      bytes: byteLength > this.#limit ? wholeCharacters(kept.subarray(0, this.#limit)) : kept,
    };
    this.#line += 1;
    this.#offset += this.#length + breakBytes;
    this.#pieces = [];
    this.#kept = 0;
    this.#length = 0;
    this.#endsInReturn = false;
    return line;
  }
}

/** Without the beginning of a character whose other bytes were cut off. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let start = bytes.byteLength - 1;
  while (start > 0 && bytes.byteLength - start < 4 && (bytes[start]! & 0xc0) === 0x80) start -= 1;
  const lead = bytes[start] ?? 0;
  const needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return bytes.byteLength - start < needed ? bytes.subarray(0, start) : bytes;
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (first && pieces.length === 1) return first;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
