/**
 * @file A connection for one large answer: its headers go through Node's parser, the bytes of a body of stated length past it, always into the same few buffers.
 * Node copies each piece into memory of its own otherwise, which costs as much as the network and leaves hundreds of megabytes to the collector.
 */

import type { IncomingMessage } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { BodySink, BodySource } from './body.ts';

export interface BulkConnection {
  readonly socket: Socket;
  /**
   * Called while the parser says that the headers are there.
   * @returns undefined for a body without a stated length, which the parser has to read
   */
  take(message: IncomingMessage): BodySource | undefined;
}

/** Of one read: more than comes while the last one is hashed and written. With an eighth of it, a download takes a fifth more of the processor. */
const BUFFER_BYTES = 2 ** 21;

/** That are kept: some are hashed and written while one is read into. */
const BUFFERS = 4;

/** Smaller pieces, as of most networks, are copied: each would keep a whole buffer while the disk is waited for. */
const MIN_PIECE_BYTES = 2 ** 19;

/** Beyond so many the server waits for the disk. */
const MAX_QUEUED_BYTES = 2 ** 22;

const HEADERS_END = Buffer.from('\r\n\r\n');

/** @param url of the server, or of the proxy that is asked for it */
export function openBulkConnection(url: URL): BulkConnection {
  let lane: 'headers' | 'parser' | 'body' = 'headers';
  let matched = 0;
  let left = 0;
  let sink: BodySink | undefined;
  let early: Uint8Array | undefined;
  const onBody = (bytes: Uint8Array): boolean => {
    const piece = ownPiece(bytes.subarray(0, left));
    if (piece.byteLength === 0) return left > 0;
    left -= piece.byteLength;
    // Nobody asked for the body yet: nothing more is read, so that it stays where it is.
    if (!sink) early = piece;
    const isFurther = sink?.piece(piece) ?? false;
    if (left === 0) sink?.end();
    return isFurther && left > 0;
  };
  const free: Uint8Array[] = [];
  const release = ({ buffer }: Uint8Array): void => {
    if (buffer.byteLength === BUFFER_BYTES && free.length < BUFFERS) free.push(new Uint8Array(buffer));
  };
  const ownPiece = (piece: Uint8Array): Uint8Array => {
    if (piece.byteLength >= MIN_PIECE_BYTES) return piece;
    const copy = piece.slice();
    release(piece);
    return copy;
  };
  const onBytes = (bytes: Uint8Array): boolean => {
    let at = 0;
    while (lane === 'headers' && at < bytes.byteLength) {
      const from = at;
      for (; at < bytes.byteLength && matched < HEADERS_END.length; at++)
        matched = advance(matched, bytes[at]!);
      if (matched === HEADERS_END.length) matched = 0;
      // The parser speaks at once: `take` is called in here.
      socket.emit('data', bytes.subarray(from, at));
    }
    const rest = bytes.subarray(at);
    if (lane === 'body') return onBody(rest);
    if (rest.byteLength > 0) socket.emit('data', rest);
    release(bytes);
    return true;
  };
  const socket = connectTo(url, {
    buffer: () => free.pop() ?? newBuffer(),
    callback: (length, buffer) => onBytes(buffer.subarray(0, length)),
  });
  return {
    socket,
    take(message) {
      const length = statedLength(message);
      lane = length === undefined ? 'parser' : 'body';
      if (length === undefined) return undefined;
      left = length;
      return {
        maxQueued: MAX_QUEUED_BYTES,
        release,
        start(own) {
          sink = own;
          message.on('error', own.end);
          socket.on('close', () => own.end(new Error('the body is not complete')));
          if (early) own.piece(early);
          if (left === 0) own.end();
        },
        resume: () => socket.resume(),
        destroy(error) {
          sink?.end(error);
          message.destroy();
        },
      };
    },
  };
}

interface OnRead {
  /** For the next read. */
  readonly buffer: () => Uint8Array;
  readonly callback: (length: number, buffer: Uint8Array) => boolean;
}

function newBuffer(): Uint8Array {
  return new Uint8Array(BUFFER_BYTES);
}

function connectTo(url: URL, onread: OnRead): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isSecure = url.protocol === 'https:';
  const target = { host, port: Number(url.port || (isSecure ? 443 : 80)), onread };
  if (!isSecure) return connect(target);
  return connectTls({ ...target, ...tlsName(url), ALPNProtocols: ['http/1.1'] });
}

/** Whose certificate it has to be; addresses are no names of servers (RFC 6066, section 3). */
export function tlsName({ hostname }: URL): { readonly host: string; readonly servername?: string } {
  const host = hostname.replace(/^\[|\]$/g, '');
  return isIP(host) ? { host } : { host, servername: host };
}

/** How much of the end of the headers the last bytes are. */
function advance(matched: number, byte: number): number {
  if (byte === HEADERS_END[matched]) return matched + 1;
  return byte === HEADERS_END[0] ? 1 : 0;
}

function statedLength({ statusCode, headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  const isBody = statusCode === 200 || statusCode === 206;
  const isStated = isBody && headers['transfer-encoding'] === undefined && /^\d{1,15}$/.test(length ?? '');
  return isStated ? Number(length) : undefined;
}
