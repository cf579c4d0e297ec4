/**
 * @file What a file is, from its first bytes: one of the array formats that are read here, or one of the things that people find in their
 * place (an error page, a git-lfs pointer, an older or a packed format), each with the next step.
 */

import { AntipodeError } from '../errors.ts';
import { type ByteSource, readBytes } from './source.ts';

export type FileKind =
  | { readonly kind: 'zip' | 'npy' | 'safetensors' | 'json' | 'unknown' }
  | { readonly kind: 'refused'; readonly error: AntipodeError };

/** Enough for the marker of a tar file, which stands at byte 257. */
const HEAD_BYTES = 512;

/** `0x1950a86a20f9469cfc6c` as the first object of a pickle, little-endian: torch before 1.6. */
const LEGACY_TORCH = Uint8Array.of(0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);

const RESAVE = 'save it again from Python: torch.save(torch.load(path, weights_only=True), "new.pt")';
const ASK = 'ask for a safetensors, npz or torch (.pt) file';

/** Of a first member, and of an empty archive. */
const ZIP_MARKERS = ['PK\x03\x04', 'PK\x05\x06'];

interface Marker {
  readonly at: number;
  readonly bytes: string;
  readonly problem: string;
  readonly hint: string;
}

/** Bytes as Latin-1. The first that fits wins. */
const MARKERS: readonly Marker[] = [
  {
    at: 0,
    bytes: 'version https://git-lfs',
    problem: 'is a git-lfs pointer, not the file itself',
    hint: 'run "git lfs pull" in its repository, or download the file from its page',
  },
  {
    at: 257,
    bytes: 'ustar',
    problem: 'is a tar archive (torch wrote its oldest checkpoints so)',
    hint: `if it is a checkpoint, ${RESAVE}; else unpack it first: tar -xf`,
  },
  { at: 0, bytes: '\x1f\x8b', problem: 'is compressed with gzip', hint: 'unpack it first: gunzip' },
  { at: 0, bytes: '(\xb5/\xfd', problem: 'is compressed with zstd', hint: 'unpack it first: zstd -d' },
  { at: 0, bytes: '\xfd7zXZ', problem: 'is compressed with xz', hint: 'unpack it first: xz -d' },
  { at: 0, bytes: '\x89HDF', problem: 'is an HDF5 file, which is not read here', hint: ASK },
  { at: 0, bytes: 'GGUF', problem: 'is a GGUF file, which is not read here', hint: ASK },
  { at: 0, bytes: 'PAR1', problem: 'is a Parquet table, not a file of weights', hint: ASK },
];

/** @throws {AntipodeError} only where reading fails; what is wrong with the file comes back as `refused` */
export async function recogniseFile(source: ByteSource): Promise<FileKind> {
  const head = await readBytes(source, 0, Math.min(HEAD_BYTES, source.byteLength));
  const refused = (problem: string, hint: string): FileKind => ({
    kind: 'refused',
    error: new AntipodeError('format', `${source.name}: ${problem}`, { hint }),
  });
  if (head.byteLength === 0) return refused('the file is empty', 'fetch it again');
  const text = Buffer.from(head).toString('latin1');
  if (ZIP_MARKERS.some((marker) => text.startsWith(marker))) return { kind: 'zip' };
  if (text.startsWith('\x93NUMPY')) return { kind: 'npy' };
  // Before all text: the length may look like any character.
  if (isSafetensors(head)) return { kind: 'safetensors' };
  const marker = MARKERS.find(({ at, bytes }) => text.startsWith(bytes, at));
  if (marker) return refused(marker.problem, marker.hint);
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) return refusedPickle(head, refused);
  const shown = text.replace(/^(\xef\xbb\xbf)?\s+|^\xef\xbb\xbf/, '');
  if (/^<(!doctype\s+html|html|head|body|\?xml)/i.test(shown)) {
    return refused(
      'is a web page, not the file itself (the server probably answered with an error or a login page)',
      'look at it in a browser, then fetch it again from the address of the file itself',
    );
  }
  return { kind: /^[{[]/.test(shown) ? 'json' : 'unknown' };
}

/** A length below 4 GiB and an opening brace; that the length fits is the reader's to check. Text has no zero bytes. */
function isSafetensors(head: Uint8Array): boolean {
  return head.byteLength > 8 && head[8] === 0x7b && head.subarray(4, 8).every((byte) => byte === 0);
}

function refusedPickle(head: Uint8Array, refused: (problem: string, hint: string) => FileKind): FileKind {
  return LEGACY_TORCH.every((byte, i) => head[2 + i] === byte)
    ? refused('is a torch checkpoint of the format before torch 1.6, which is not read here', RESAVE)
    : refused(
        'is a bare Python pickle, which can run code when it is loaded and is not read here',
        'if you trust it, load it in Python and save the arrays with numpy.savez(path, **arrays)',
      );
}
