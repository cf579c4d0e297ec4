/**
 * @file One worker that quantises: takes pieces from a shared counter, and either finds that the file holds them already or makes and writes them.
 * Ends by itself when the pieces are used up or the stop flag is set. Does not load ONNX Runtime.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { AntipodeError, systemErrorCode } from '../../errors.ts';
import { quantisePiece, rangesOf, readExactly } from './piece.ts';
import { CONTROL_NEXT, CONTROL_STOP, type QuantiseJob, type WorkerAnswer } from './worker_protocol.ts';

function runJob(job: QuantiseJob, say: (answer: WorkerAnswer) => void): void {
  const files = new Map<string, number>();
  const target = openSync(job.target, 'r+');
  try {
    for (;;) {
      const index = Atomics.add(job.control, CONTROL_NEXT, 1);
      if (index >= job.pieces.length || Atomics.load(job.control, CONTROL_STOP) !== 0) return;
      const expected = job.expected[index]!;
      if (!Number.isNaN(expected) && storedChecksum(job, index, target) === expected) {
        say({ type: 'piece', piece: index, checksum: expected, isKept: true });
        continue;
      }
      const piece = job.pieces[index]!;
      const matrix = job.matrices[piece.matrix]!;
      const { path } = matrix.source;
      const file = files.get(path) ?? openSync(path, 'r');
      files.set(path, file);
      const written = quantisePiece(file, piece, matrix, job.bits);
      if (!written) {
        say({ type: 'non-finite', matrix: piece.matrix });
        return;
      }
      let checksum = 0;
      for (const { at, bytes } of written) {
        writeExactly(target, bytes, at);
        checksum = crc32(bytes, checksum);
      }
      say({ type: 'piece', piece: index, checksum, isKept: false });
    }
  } finally {
    for (const file of [target, ...files.values()]) closeSync(file);
  }
}

function storedChecksum(
  { bits, matrices, pieces, target: path }: QuantiseJob,
  index: number,
  file: number,
): number {
  const piece = pieces[index]!;
  let checksum = 0;
  for (const { at, byteLength } of rangesOf(piece, matrices[piece.matrix]!, bits)) {
    const bytes = new Uint8Array(byteLength);
    readExactly(file, bytes, at, path);
    checksum = crc32(bytes, checksum);
  }
  return checksum;
}

function writeExactly(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(file, bytes, done, bytes.byteLength - done, at + done);
  }
}

if (parentPort) {
  const port = parentPort;
  const say = (answer: WorkerAnswer): void => port.postMessage(answer);
  try {
    runJob(workerData as QuantiseJob, say);
    say({ type: 'finished' });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { kind, hint } = error instanceof AntipodeError ? error : {};
    say({ type: 'failed', message, hint, code: systemErrorCode(error), ...(kind && { kind }) });
  }
}
