import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureBytes, fixturePath } from '../../test/support/array_files.ts';
import { AntipodeError } from '../errors.ts';
import { openTensorFile, openTensorSource } from './detect.ts';
import { memorySource } from './source.ts';

let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-detect-'));
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function refusalOf(bytes: string | Uint8Array, name = 'weights.bin'): Promise<AntipodeError> {
  const path = join(dir, name);
  await writeFile(path, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  const error: unknown = await openTensorFile(path).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AntipodeError);
  return error as AntipodeError;
}

describe('openTensorFile', () => {
  it.each([
    ['npy/f4.npy', 'f4'],
    ['npy/stored.npz', 'f8'],
    ['npy/deflated.npz', 'f8'],
    ['torch/linear.pt', 'weight'],
  ])('opens %s whatever its name', async (fixture, tensor) => {
    const path = join(dir, 'blob');
    await writeFile(path, await fixtureBytes(fixture));
    const file = await openTensorFile(path, { name: 'f4.npy' });
    expect(file.name).toBe('f4.npy');
    expect(file.tensors.has(tensor)).toBe(true);
    await file.close();
  });

  it('opens safetensors, a folder of shards and its index', async () => {
    const single = await openTensorFile(fixturePath('safetensors/all_types.safetensors'));
    expect(single.tensors.size).toBeGreaterThan(0);
    await single.close();
    const folder = await openTensorFile(fixturePath('safetensors/sharded'));
    const index = await openTensorFile(fixturePath('safetensors/sharded/model.safetensors.index.json'));
    expect([...folder.tensors.keys()]).toEqual([...index.tensors.keys()]);
    await Promise.all([folder.close(), index.close()]);
  });

  it('C7: says that a file is missing', async () => {
    await expect(openTensorFile(join(dir, 'nowhere.npz'))).rejects.toMatchObject({ kind: 'missing' });
  });
});

describe('C9: what lies there instead is named, with the next step', () => {
  it.each<[string, string | Uint8Array, RegExp, RegExp]>([
    ['an empty file', '', /weights\.bin: the file is empty/, /fetch it again/],
    ['a web page', '\n<!DOCTYPE html><html>…', /is a web page/, /browser/],
    ['a page with a byte order mark', '\xef\xbb\xbf<html>', /is a web page/, /browser/],
    ['an S3 error', '<?xml version="1.0"?><Error>', /is a web page/, /browser/],
    [
      'a git-lfs pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:',
      /git-lfs pointer/,
      /git lfs pull/,
    ],
    ['a JSON error', '{"error":"Repository not found"}', /is JSON text/, /weights file/],
    ['gzip', gzipSync('x'), /compressed with gzip/, /gunzip/],
    ['tar', `${'\0'.repeat(257)}ustar\0`, /tar archive/, /torch\.save/],
    ['HDF5', '\x89HDF\r\n\x1a\n', /HDF5/, /safetensors/],
    ['GGUF', 'GGUF\x03\0\0\0', /GGUF/, /safetensors/],
    ['Parquet', 'PAR1....', /Parquet/, /safetensors/],
    ['a bare pickle', '\x80\x04\x95', /bare Python pickle, which can run code/, /numpy\.savez/],
    ['two bytes of a pickle', '\x80\x04', /bare Python pickle/, /numpy\.savez/],
    [
      'the oldest torch format',
      '\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.',
      /before torch 1\.6/,
      /torch\.save/,
    ],
    ['an empty zip', `PK\x05\x06${'\0'.repeat(18)}`, /zip file without arrays \(it has no members/, /unpack/],
    ['noise', 'abcdefghijk', /not a file of weights/, /check the path/],
  ])('%s', async (_, bytes, message, hint) => {
    const error = await refusalOf(bytes);
    expect(error.kind).toBe('format');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it('a zip of something else', async () => {
    // The npz fixture with its members renamed, in both headers.
    const text = Buffer.from(await fixtureBytes('npy/descriptors.npz')).toString('latin1');
    const error = await refusalOf(Buffer.from(text.replaceAll('.npy', '.txt'), 'latin1'));
    expect(error.message).toMatch(/is a zip file without arrays \(it has f4\.txt, f4_fortran\.txt, f8\.txt;/);
  });

  it('an empty folder', async () => {
    const folder = join(dir, 'folder');
    await mkdir(folder);
    await expect(openTensorFile(folder)).rejects.toBeInstanceOf(AntipodeError);
  });

  it('a cut safetensors file, in its own words', async () => {
    const bytes = await fixtureBytes('safetensors/all_types.safetensors');
    expect((await refusalOf(bytes.subarray(0, 40), 'blob')).message).toMatch(/blob: the file ends too early/);
    expect((await refusalOf(bytes.subarray(0, 6), 'x.safetensors')).message).toMatch(
      /the file ends too early/,
    );
  });
});

it('closes the source of what it refuses, once', async () => {
  for (const bytes of [
    Buffer.from('<html>'),
    await fixtureBytes('npy/void.npy'),
    await fixtureBytes('torch/evil.pt'),
  ]) {
    let closed = 0;
    const source = { ...memorySource('x', bytes), close: async () => void closed++ };
    await expect(openTensorSource(source)).rejects.toBeInstanceOf(AntipodeError);
    expect(closed).toBe(1);
  }
});
