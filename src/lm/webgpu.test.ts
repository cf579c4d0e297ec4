import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isFull, onlyInFull } from '../../test/support/effort.ts';
import { convertLlama2c } from '../../test/support/llama2c.ts';
import { greedy, maxDifference } from '../../test/support/lm_goldens.ts';
import { missingForAdapter, softwareAdapter } from '../../test/support/software_adapter.ts';
import { createRng } from '../tensor/rng.ts';
import type {
  Capture,
  Edit,
  ForwardRequest,
  ForwardResult,
  LanguageModel,
  Steering,
} from './language_model.ts';
import { type OpenModelOptions, openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));
const stories = fileURLToPath(new URL('../../../shared/data/stories260k/stories260K.bin', import.meta.url));
/** Drivers read the environment of a process, of which a thread changes only its own copy. */
const missing = missingForAdapter() ?? (isMainThread ? undefined : 'tests in processes, not threads');

/** Both are float32; graphics adapters may round exp, tanh and division a little differently (WGSL, section 15.7.4). */
const TOLERANCE = 1e-3;

/** One of each kind of graph in every run; the others arrange the same operations in another way. */
const FAMILIES = ['gemma2', 'gpt2', 'gpt_neox', 'llama'];
const MORE_FAMILIES = [
  'gemma3',
  'gemma3_text',
  'gpt2_variant',
  'gpt_neox_sequential',
  'llama_linear',
  'mistral',
  'qwen2',
];

function randomVector(length: number, seed: number): Float32Array {
  const rng = createRng(seed, 'webgpu');
  return new Float32Array(length).map(() => 2 * rng.uniform() - 1);
}

function sitesOf(model: LanguageModel): Capture[] {
  const layers = [...Array(model.config.layers).keys()];
  return [
    'resid.emb',
    ...layers.flatMap((layer): Capture[] => [
      `resid.${layer}`,
      `attn_out.${layer}`,
      `mlp_out.${layer}`,
      `pattern.${layer}`,
    ]),
  ];
}

/** Relative to the largest number where that is above 1: residuals grow far above the logits. */
function expectSame(got: ForwardResult, expected: ForwardResult): void {
  const arrays = (result: ForwardResult): [string, Float32Array][] => [
    ...(result.logits ? ([['logits', result.logits.values]] as [string, Float32Array][]) : []),
    ...[...result.captures].map(([name, { values }]): [string, Float32Array] => [name, values]),
  ];
  const [ours, theirs] = [arrays(got), arrays(expected)];
  expect(ours.map(([name]) => name)).toEqual(theirs.map(([name]) => name));
  for (const [i, [name, values]] of ours.entries()) {
    const wanted = theirs[i]![1];
    const size = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    expect(maxDifference(values, wanted), name).toBeLessThan(TOLERANCE * size);
  }
}

describe.skipIf(missing !== undefined)(
  `WebGPU on a software adapter${missing === undefined ? '' : ` (needs ${missing}, absent: skipped)`}`,
  () => {
    let dir: string;
    let first: LanguageModel | undefined;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'antipode-webgpu-'));
      for (const [name, value] of Object.entries(await softwareAdapter(dir))) vi.stubEnv(name, value);
      // While it is open, compiled shaders are kept; they take most of the time.
      first = await onWebGpu(join(fixtures, 'llama'));
    });
    afterAll(async () => {
      await first?.close();
      vi.unstubAllEnvs();
      await rm(dir, { recursive: true });
    });

    const onWebGpu = (folder: string, options: OpenModelOptions = {}): Promise<LanguageModel> =>
      openLanguageModel(folder, { device: 'webgpu', ...options });

    const compareWithCpu = async (family: string): Promise<void> => {
      const folder = join(fixtures, family);
      const cpu = await openLanguageModel(folder);
      const gpu = await onWebGpu(folder, { maxTokensAtOnce: 8, maxCastRows: 40, editSites: [1] });
      expect([gpu.device.name, cpu.device.name]).toEqual(['webgpu', 'cpu']);
      const { dModel } = cpu.config;
      const steer: Steering[] = [
        { at: 'emb', columns: 6, values: randomVector(6 * dModel, 1) },
        { at: 0, rows: 2, values: randomVector(2 * dModel, 2) },
      ];
      const edit: Edit[] = [
        { at: 1, lanes: 2, read: randomVector(2 * dModel, 3), write: randomVector(2 * dModel, 4) },
      ];
      const edited: ForwardRequest = {
        tokens: [
          [1, 5, 9, 20, 3, 17],
          [2, 4],
        ],
        padding: 'left',
        steer,
        edit,
        capture: sitesOf(cpu),
        logits: 'all',
      };
      const both = async (request: ForwardRequest): Promise<void> => {
        const [got, expected] = [await gpu.forward(request), await cpu.forward(request)];
        expectSame(got, expected);
      };
      const pasts = [await gpu.createPast(2), await cpu.createPast(2)] as const;
      expect(pasts[0]).toEqual(pasts[1]);
      await both({ ...edited, past: pasts[0] });
      await both({ tokens: [[7], [8]], past: pasts[0] });
      await both({ tokens: [[7, 3, 11]], logits: 'none', capture: ['resid.1'] });
      expect(await greedy(gpu, [1, 5, 9], 12)).toEqual(await greedy(cpu, [1, 5, 9], 12));
      await gpu.close();
      await cpu.close();
    };
    const what = '%s: steered rows, edits, pads, pieces, a kept past and greedy tokens are those of the CPU';
    test.each(FAMILIES)(what, compareWithCpu);
    const why = onlyInFull('seconds on a software adapter');
    test.skipIf(!isFull).each(MORE_FAMILIES)(`${what}${why}`, compareWithCpu);

    test.each(['q8', 'q4'] as const)(
      '%s weights: the exact numbers of weights that are whole multiples of their block’s scale',
      async (precision) => {
        const folder = await mkdtemp(join(dir, precision));
        await writeMultiples(folder, precision === 'q8' ? 8 : 4);
        const exact = await openLanguageModel(folder);
        const quantised = await onWebGpu(folder, { precision, cacheDir: join(folder, 'cache') });
        expect([quantised.precision, quantised.device.name]).toEqual([precision, 'webgpu']);
        const request: ForwardRequest = { tokens: [[1, 5, 9], [2]], capture: ['resid.1'], logits: 'all' };
        expectSame(await quantised.forward(request), await exact.forward(request));
        await quantised.close();
        await exact.close();
      },
    );

    test.skipIf(!isFull || !existsSync(stories))(
      `a trained story model writes the same words (needs ../shared/data/stories260k, else skipped)${why}`,
      async () => {
        const folder = await mkdtemp(join(dir, 'stories'));
        await convertLlama2c(stories, folder);
        const [gpu, cpu] = [await onWebGpu(folder), await openLanguageModel(folder)];
        expect(await greedy(gpu, [1, 403], 40)).toEqual(await greedy(cpu, [1, 403], 40));
        await gpu.close();
        await cpu.close();
      },
    );
  },
);

/** The llama fixture, float32, its matrices rounded as blocks of 32 along each row are quantised: quantising them again loses nothing. */
async function writeMultiples(folder: string, bits: 8 | 4): Promise<void> {
  await cp(join(fixtures, 'llama'), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { shape?: number[]; data_offsets: [number, number] }
  >;
  for (const { shape, data_offsets } of Object.values(header)) {
    if (shape?.length !== 2) continue;
    const values = new Float32Array(
      Uint8Array.from(bytes.subarray(start + data_offsets[0], start + data_offsets[1])).buffer,
    );
    const width = shape[1]!;
    for (let row = 0; row < shape[0]!; row++) {
      for (let from = 0; from < width; from += 32) {
        const block = values.subarray(row * width + from, row * width + Math.min(width, from + 32));
        const largest = block.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
        const scale = bits === 8 ? Math.abs(largest) / 127 : largest / -8;
        block.set(block.map((value) => Math.min(bits === 8 ? 127 : 7, Math.round(value / scale)) * scale));
      }
    }
    bytes.set(new Uint8Array(values.buffer), start + data_offsets[0]);
  }
  await writeFile(path, bytes);
}
