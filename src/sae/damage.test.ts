import { cp, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs, stride } from '../../test/support/effort.ts';
import { fixture, temporaryFolder } from '../../test/support/sae_fixtures.ts';
import { AntipodeError } from '../errors.ts';
import { openSae } from './open.ts';

/** Opens and loads; undefined for a result, the error otherwise. Anything but an AntipodeError fails the test. */
async function tryLoad(folder: string): Promise<AntipodeError | undefined> {
  try {
    const file = await openSae(folder, { env: {}, cwd: '/' });
    try {
      await file.load();
      await file.readRows('encoder', [9, 0]);
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    if (error instanceof AntipodeError) return error;
    throw error;
  }
}

// The readers of these containers have tests at every byte of their own; here every byte of the shortest, every 7th of the others.
describe.each([
  ['gemma_scope', 'params.npz', 7],
  ['gemma_scope_deflated', 'params.npz', 7],
  ['saelens_v6_jumprelu', 'sae_weights.safetensors', 1],
  ['dictionary_learning/top_k', 'ae.pt', 7],
])('%s', (name, weights, step) => {
  it('cut anywhere is an error, never a result', async () => {
    const folder = await temporaryFolder();
    await cp(fixture(name), folder, { recursive: true });
    const handle = await open(join(folder, weights), 'r+');
    const { size } = await handle.stat();
    for (let length = size - 1; length >= 0; length -= stride(step)) {
      await handle.truncate(length);
      expect(await tryLoad(folder), `${length} of ${size} bytes`).toBeInstanceOf(AntipodeError);
    }
    await handle.close();
  });

  it('with bytes changed is a result or an error, and nothing else', async () => {
    const folder = await temporaryFolder();
    await cp(fixture(name), folder, { recursive: true });
    const whole = await readFile(fixture(`${name}/${weights}`));
    const change = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const { at, value } of changes) bytes[at] = value;
        await writeFile(join(folder, weights), bytes);
        await tryLoad(folder);
      }),
      { numRuns: runs(100) },
    );
  });
});

it('a configuration cut anywhere is an error', async () => {
  const folder = await temporaryFolder();
  await cp(fixture('saelens_v6_topk'), folder, { recursive: true });
  const text = await readFile(fixture('saelens_v6_topk/cfg.json'), 'utf8');
  // The last character is a newline, without which the JSON is still whole.
  for (let length = text.length - 2; length >= 0; length -= 3) {
    await writeFile(join(folder, 'cfg.json'), text.slice(0, length));
    expect(await tryLoad(folder), `${length} characters`).toBeInstanceOf(AntipodeError);
  }
});

it('a changed weight in a checksummed file is found, in rows and in columns', async () => {
  const folder = await temporaryFolder();
  const whole = await readFile(fixture('gemma_scope/params.npz'));
  for (const name of ['W_enc.npy', 'W_dec.npy']) {
    const bytes = Uint8Array.from(whole);
    // The local header comes first; its data starts behind the 128 bytes of the array's own header.
    const at = whole.indexOf(name) + 128 + 60;
    bytes[at] = bytes[at]! ^ 1;
    await writeFile(join(folder, 'params.npz'), bytes);
    const error = await tryLoad(folder);
    expect(error?.message).toMatch(/damaged \(the checksum does not match\)/);
    expect(error?.message).toContain(name.slice(0, 5));
  }
});

it('any JSON in place of a configuration is a result or an error', async () => {
  const folder = await temporaryFolder();
  await cp(fixture('saelens_v6_topk'), folder, { recursive: true });
  const base = JSON.parse(await readFile(fixture('saelens_v6_topk/cfg.json'), 'utf8'));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(base)), fc.jsonValue(), async (key, value) => {
      await writeFile(join(folder, 'cfg.json'), JSON.stringify({ ...base, [key]: value }));
      await tryLoad(folder);
    }),
    { numRuns: runs(100) },
  );
});
