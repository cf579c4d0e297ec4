/**
 * @file Protocol Buffers wire format, writing only: varints, length-delimited fields and fixed 32-bit floats are all that ONNX models need.
 * Spec: https://protobuf.dev/programming-guides/encoding/. Reading is left out.
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const encoder = new TextEncoder();

/** A message under construction; fields are written in call order. */
export interface MessageWriter {
  readonly byteLength: number;
  /** int32/int64/enum field; negative values take ten bytes, as protobuf demands. */
  integer(field: number, value: number | bigint): MessageWriter;
  float(field: number, value: number): MessageWriter;
  text(field: number, value: string): MessageWriter;
  bytes(field: number, value: Uint8Array): MessageWriter;
  message(field: number, value: MessageWriter): MessageWriter;
  /** Pieces in order; their total length is `byteLength`. */
  pieces(): readonly Uint8Array[];
}

function varint(value: bigint): Uint8Array {
  let rest = BigInt.asUintN(64, value);
  const out: number[] = [];
  while (rest >= 128n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

export function createMessage(): MessageWriter {
  const parts: Uint8Array[] = [];
  let length = 0;
  const push = (part: Uint8Array): void => {
    parts.push(part);
    length += part.byteLength;
  };
  const tag = (field: number, wireType: number): void => push(varint(BigInt(field * 8 + wireType)));
  const writer: MessageWriter = {
    get byteLength() {
      return length;
    },
    integer(field, value) {
      tag(field, VARINT);
      push(varint(BigInt(value)));
      return writer;
    },
    float(field, value) {
      tag(field, FIXED32);
      push(new Uint8Array(Float32Array.of(value).buffer));
      return writer;
    },
    text(field, value) {
      return writer.bytes(field, encoder.encode(value));
    },
    bytes(field, value) {
      tag(field, LENGTH_DELIMITED);
      push(varint(BigInt(value.byteLength)));
      push(value);
      return writer;
    },
    message(field, value) {
      tag(field, LENGTH_DELIMITED);
      push(varint(BigInt(value.byteLength)));
      for (const piece of value.pieces()) push(piece);
      return writer;
    },
    pieces: () => parts,
  };
  return writer;
}

/** The finished message in one array. */
export function finish(message: MessageWriter): Uint8Array {
  const out = new Uint8Array(message.byteLength);
  let offset = 0;
  for (const piece of message.pieces()) {
    out.set(piece, offset);
    offset += piece.byteLength;
  }
  return out;
}
