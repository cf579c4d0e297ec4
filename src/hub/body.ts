/** @file The body of an answer, piece by piece: every byte that came is given out before a failure is said, and a silence that lasts too long is one. */

import type { IncomingMessage } from 'node:http';
import { connectionFailure, silenceFailure } from './network_failure.ts';

export interface BodySink {
  /** @returns false where no more is taken until `resume` */
  piece(bytes: Uint8Array): boolean;
  /** Once; without an error the body is whole, as far as the protocol knows. */
  end(error?: unknown): void;
}

/** Where the pieces come from. */
export interface BodySource {
  start(sink: BodySink): void;
  resume(): void;
  destroy(error?: Error): void;
  /** Nobody needs the piece any more: its memory is read into again, where it is used again. */
  release(piece: Uint8Array): void;
  /** Pieces that nobody took yet: beyond so many bytes the server has to wait. */
  readonly maxQueued: number;
}

export interface BodyContext {
  readonly host: string;
  readonly silenceMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Listens at once: a connection that breaks before anybody reads would take with it what came. Throws `NetworkFailure`, and `interrupted`. */
export function bodyOf(
  source: BodySource,
  { host, silenceMs, signal }: BodyContext,
): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let queued = 0;
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => {};
  source.start({
    piece(bytes) {
      queue.push(bytes);
      queued += bytes.byteLength;
      wake();
      return queued < source.maxQueued;
    },
    end(error) {
      end ??= error === undefined ? {} : { error };
      wake();
    },
  });
  const more = async (): Promise<void> => {
    const timer = setTimeout(
      () => source.destroy(silenceFailure(host, 'nothing more came', silenceMs)),
      silenceMs,
    );
    await new Promise<void>((resolve) => {
      wake = resolve;
      source.resume();
    });
    clearTimeout(timer);
  };
  return (async function* () {
    try {
      for (;;) {
        const piece = queue.shift();
        if (piece) {
          queued -= piece.byteLength;
          yield piece;
        } else if (!end) await more();
        else if ('error' in end) throw end.error;
        else return;
      }
    } catch (error) {
      throw connectionFailure(error, { host, signal });
    } finally {
      source.destroy();
    }
  })();
}

/** As Node's parser gives it out, each piece in memory of its own. */
export function messageSource(message: IncomingMessage): BodySource {
  return {
    maxQueued: 2 ** 18,
    start({ piece, end }) {
      message.on('data', (bytes: Uint8Array) => {
        if (!piece(bytes)) message.pause();
      });
      message.on('error', end);
      message.on('end', () => end());
      message.on('close', () => end(message.complete ? undefined : new Error('the body is not complete')));
    },
    resume: () => message.resume(),
    release: () => {},
    destroy: (error) => message.destroy(error),
  };
}
