/**
 * @file Whether a model folder still holds the model of an earlier run: a hash over its configuration, its tokenizer, and of the weights the sizes and
 * a sample of their bytes, because all of them would take longer to read than many a run.
 */

import { createHash, type Hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRegularFile } from '../formats/source.ts';

/** Weight files below 64 MiB are read whole. */
const SAMPLES = 1024;
const SAMPLE_BYTES = 2 ** 16;

/** Hexadecimal SHA-256. @throws {AntipodeError} as `openRegularFile` */
export async function modelFingerprint(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).sort()) {
    if (name === 'config.json' || name === 'tokenizer.json' || name === 'tokenizer_config.json') {
      hash.update(name).update(await readFile(join(folder, name)));
    }
    if (name.endsWith('.safetensors')) await addSample(hash.update(name), join(folder, name));
  }
  return hash.digest('hex');
}

async function addSample(hash: Hash, path: string): Promise<void> {
  const handle = await openRegularFile(path);
  try {
    const { size } = await handle.stat();
    hash.update(String(size));
    const step = Math.max(SAMPLE_BYTES, Math.floor(size / SAMPLES));
    const buffer = new Uint8Array(SAMPLE_BYTES);
    for (let at = 0; at < size; at += step) {
      const { bytesRead } = await handle.read(buffer, 0, SAMPLE_BYTES, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
