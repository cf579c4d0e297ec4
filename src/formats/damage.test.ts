/** @file Cut, flipped and random bytes through every reader of weights: a result that is true, or a sentence; nothing else. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expectNothingFalse,
  fixtureBytes,
  readEverything,
  readSound,
} from '../../test/support/array_files.ts';
import { runs } from '../../test/support/effort.ts';
import { AntipodeError } from '../errors.ts';

const SMALL = ['npy/descriptors.npz', 'npy/version_2.npy', 'torch/linear.pt', 'torch/big_endian.pt'];
const ALL = [...SMALL, 'npy/stored.npz', 'npy/deflated.npz', 'torch/protocol_2.pt', 'torch/protocol_4.pt'];

describe.each(SMALL)('%s', (fixture) => {
  it('is refused when cut at any byte', async () => {
    const bytes = await fixtureBytes(fixture);
    const name = fixture.split('/')[1]!;
    await readSound(name, bytes);
    for (let length = 0; length < bytes.length; length++) {
      expect(await readEverything(name, bytes.subarray(0, length)), `cut at ${length}`).toBeInstanceOf(
        AntipodeError,
      );
    }
  });
});

describe.each(ALL)('%s', (fixture) => {
  it('gives no false value when a byte is changed', async () => {
    const bytes = await fixtureBytes(fixture);
    const name = fixture.split('/')[1]!;
    const original = await readSound(name, bytes);
    // A .npy file has no checksum: only the absence of crashes is claimed for it.
    const isChecked = !name.endsWith('.npy');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Uint8Array.from(bytes);
        damaged[at]! ^= flip;
        const outcome = await readEverything(name, damaged);
        if (isChecked) expectNothingFalse(outcome, original);
      }),
      { numRuns: runs(120), seed: 1 },
    );
  });
});

const MAGICS = ['PK\x03\x04', '\x93NUMPY\x01\x00', '\x80\x02', ''];

describe.each(MAGICS)('random bytes behind %j', (magic) => {
  it('are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (tail) => {
        const bytes = Buffer.concat([Buffer.from(magic, 'latin1'), tail]);
        expect(await readEverything('random.bin', bytes)).toBeInstanceOf(AntipodeError);
      }),
      { numRuns: runs(200), seed: 2 },
    );
  });
});

it('refuses random bytes between a sound beginning and a sound end of a zip', async () => {
  const bytes = await fixtureBytes('npy/stored.npz');
  const original = await readSound('stored.npz', bytes);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      async (at, patch) => {
        const damaged = Uint8Array.from(bytes);
        damaged.set(patch.subarray(0, bytes.length - at), at);
        expectNothingFalse(await readEverything('stored.npz', damaged), original);
      },
    ),
    { numRuns: runs(150), seed: 3 },
  );
});
