import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  bitsOf,
  failure,
  fixture,
  openDirect,
  openIsolated,
  wave,
} from '../../../test/support/isolated_models.ts';
import { isAlive, LISTS_PROCESSES, untilGone } from '../../../test/support/processes.ts';
import type { ForwardRequest } from '../language_model.ts';
import { openIsolatedModel } from './open_isolated_model.ts';

describe('the numbers are those of the same process, to the bit', () => {
  test.each(['gemma2', 'gpt2', 'qwen2'])('%s: steering, captures, batches, pads, pasts', async (name) => {
    const isolated = await openIsolated(name);
    const direct = await openDirect(name);
    expect([isolated.config, isolated.device, isolated.precision]).toEqual([
      direct.config,
      direct.device,
      direct.precision,
    ]);
    const { dModel } = direct.config;
    const requests: ForwardRequest[] = [
      { tokens: [[1, 2, 3]] },
      { tokens: [Int32Array.of(1, 2, 3), [4]], logits: 'all', padding: 'left' },
      {
        tokens: [
          [5, 6],
          [7, 8, 9],
        ],
        steer: [
          { at: 1, values: wave(2 * 3 * dModel), rows: 2, columns: 3 },
          { at: 'emb', values: wave(3 * dModel).subarray(dModel, 2 * dModel) },
        ],
        capture: ['resid.1', 'resid.emb', 'mlp_out.0', 'attn_out.2'],
        logits: 'none',
      },
      {
        tokens: [[5, 6, 7]],
        edit: [
          { at: 0, lanes: 2, read: wave(2 * dModel), write: wave(2 * dModel), keep: Float32Array.of(1, 0.5) },
        ],
        capture: ['pattern.1', 'resid.0'],
      },
    ];
    for (const request of requests) {
      expect(bitsOf(await isolated.forward(request))).toEqual(bitsOf(await direct.forward(request)));
    }
    const pasts = [await isolated.createPast(2, 10), await direct.createPast(2, 10)] as const;
    for (const tokens of [
      [[1, 2, 3], [4]],
      [[5], [6]],
      [[7], [8]],
    ]) {
      const [a, b] = await Promise.all([
        isolated.forward({ tokens, past: pasts[0], capture: ['resid.0'] }),
        direct.forward({ tokens, past: pasts[1], capture: ['resid.0'] }),
      ]);
      expect(bitsOf(a)).toEqual(bitsOf(b));
    }
  });

  test('arrays of many megabytes, in both directions, with memory of their own', async () => {
    const [isolated, direct] = [await openIsolated('mistral'), await openDirect('mistral')];
    const rows = 600;
    const columns = 40;
    const { dModel } = direct.config;
    const request: ForwardRequest = {
      tokens: Array.from({ length: rows }, (_, row) =>
        Array.from({ length: columns }, (_, i) => (row + i) % 61),
      ),
      steer: [{ at: 0, values: wave(rows * columns * dModel), rows, columns }],
      capture: ['resid.0', 'resid.2'],
      logits: 'all',
    };
    const [a, b] = await Promise.all([isolated.forward(request), direct.forward(request)]);
    const pairs = [
      [a.logits!, b.logits!],
      ...[...a.captures].map(([name, one]) => [one, b.captures.get(name)!]),
    ];
    expect(pairs).toHaveLength(3);
    for (const [one, other] of pairs) {
      expect(one!.shape).toEqual(other!.shape);
      expect(one!.values.byteLength).toBeGreaterThan(1.5e6);
      expect(one!.values.buffer.byteLength).toBe(one!.values.byteLength);
      expect(Buffer.compare(Buffer.from(one!.values.buffer), Buffer.from(other!.values.buffer))).toBe(0);
    }
  });

  test('what is changed after a call does not change it', async () => {
    const model = await openIsolated('gpt2');
    const values = wave(model.config.dModel);
    const expected = await model.forward({ tokens: [[1, 2]], steer: [{ at: 0, values }] });
    const tokens = [1, 2];
    const pending = model.forward({ tokens: [tokens], steer: [{ at: 0, values }] });
    values.fill(9);
    tokens.push(3);
    expect(bitsOf(await pending)).toEqual(bitsOf(expected));
  });
});

describe('calls', () => {
  test('many at once are carried out in turn, two models side by side, and closing waits for them', async () => {
    const [one, other] = await Promise.all([openIsolated('gpt2'), openIsolated('llama')]);
    const direct = await openDirect('gpt2');
    const past = await one.createPast(1);
    const steps = Array.from({ length: 30 }, (_, i) => one.forward({ tokens: [[i]], past }));
    const others = Array.from({ length: 30 }, (_, i) => other.forward({ tokens: [[i, i + 1]] }));
    const closed = one.close();
    const expected = await direct.createPast(1);
    for (const [i, step] of steps.entries()) {
      expect(bitsOf(await step)).toEqual(bitsOf(await direct.forward({ tokens: [[i]], past: expected })));
    }
    await closed;
    expect(await Promise.all(others)).toHaveLength(30);
    await untilGone(one.pid);
    expect(isAlive(other.pid)).toBe(true);
    await one.close();
    await expect(one.forward({ tokens: [[1]] })).rejects.toThrow(
      'internal: the process of the model was closed',
    );
    await expect(one.createPast(1)).rejects.toThrow('internal: the process of the model was closed');
  });

  test('a released past is gone, and releasing twice does nothing', async () => {
    const model = await openIsolated('gpt2');
    const past = await model.createPast(2);
    const kept = await model.createPast(2);
    await model.releasePast(past);
    await model.releasePast(past);
    await expect(model.forward({ tokens: [[1], [1]], past })).rejects.toThrow(
      'internal: this past was released',
    );
    expect((await model.forward({ tokens: [[1], [1]], past: kept })).logits!.shape[0]).toBe(2);
  });

  test.skipIf(!LISTS_PROCESSES)('memory of released pasts is given back', async () => {
    const model = await openIsolated('gpt2');
    const rows = 4000;
    for (let i = 0; i < 12; i++) {
      const past = await model.createPast(rows, 32);
      await model.forward({ tokens: Array.from({ length: rows }, () => [1]), past, logits: 'none' });
      await model.releasePast(past);
    }
    const status = await readFile(`/proc/${model.pid}/status`, 'utf8');
    const resident = Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024;
    const { layers, kvHeads, headDim } = model.config;
    // Each of the twelve.
    const onePast = (2 * 4 * layers * kvHeads * headDim * rows * 32) / 2 ** 20;
    expect(resident).toBeLessThan(250 + 4 * onePast);
  });

  test('errors arrive as what they are, and the model goes on', async () => {
    const model = await openIsolated('mistral');
    const error = await failure(model.forward({ tokens: [[1, 61]] }));
    expect(error).toMatchObject({
      kind: 'usage',
      message: 'prompt: token 1 of row 0 is not in the vocabulary (got 61, expected 0 to 60)',
      hint: "check that the tokenizer is the model's own",
    });
    await expect(model.createPast(0)).rejects.toThrow('internal: a past of 0 rows');
    await expect(model.forward({ tokens: [[1]], capture: [() => 1] as never })).rejects.toThrow(
      'internal: forward cannot be sent',
    );
    await expect(model.forward(null as never)).rejects.toThrow(/Cannot destructure/);
    expect(await failure(model.createPast(2 ** 40))).toMatchObject({
      kind: 'resource',
      message: expect.stringMatching(/^memory: keys and values of 1099511627776 x 1 tokens take/),
    });
    expect((await model.forward({ tokens: [[1]] })).logits!.shape).toEqual([1, 61]);
  });

  test('options and progress of opening go over', async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), 'antipode-isolation-'));
    const seen: number[] = [];
    const onProgress = (fraction: number): void => {
      seen.push(fraction);
    };
    const model = await openIsolatedModel(fixture('llama'), { precision: 'q8', cacheDir }, { onProgress });
    expect(model.precision).toBe('q8');
    await model.close();
    await rm(cacheDir, { recursive: true });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('a model that cannot be opened says why, and leaves no process', async () => {
    const error = await failure(openIsolatedModel(fixture('nowhere')));
    expect([error.kind, error.message]).toEqual([
      'missing',
      expect.stringMatching(/config\.json: no such file/),
    ]);
  });
});
