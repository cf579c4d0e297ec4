/** @file `--device` as a user gives it: what runs, what is said on stderr, how the command ends. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFull, onlyInFull } from '../support/effort.ts';
import {
  type CommandResult,
  makePlace,
  type Place,
  runCommand,
  runHere,
  snapshot,
} from '../support/run_command.ts';
import { missingForAdapter, softwareAdapter } from '../support/software_adapter.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

const missing = missingForAdapter();

let place: Place;
let adapter: Record<string, string>;
beforeAll(async () => {
  place = makePlace();
  const { dModel } = await writeTinyModel(join(place.cwd, 'model'));
  await writeTinySae(join(place.cwd, 'dictionary.npz'), 12, dModel);
  if (missing === undefined) adapter = await softwareAdapter(place.cwd);
});
afterAll(() => place.remove());

const PLAIN = ['generate', '-m', 'model', '-p', 'w5 w6 w7', '-n', '8', '--temp', '0'];
const GENERATE = [...PLAIN, '--json'];

/** Drivers read the environment of their own process. */
function run(
  device: string,
  args: readonly string[] = GENERATE,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return (device === 'webgpu' ? runCommand : runHere)(place, [...args, '--device', device], { env });
}

interface Document {
  device: string;
  replies: { tokens: number[] }[];
}

describe('antipode generate --device', () => {
  it('cpu, and auto without CUDA, are the CPU and say so in JSON', async () => {
    const [cpu, auto] = [await run('cpu'), await run('auto')];
    expect([cpu.code, cpu.stderr]).toEqual([0, '']);
    const document = JSON.parse(cpu.stdout) as Document;
    expect(document.device).toBe('cpu');
    expect(auto.code).toBe(0);
    expect((JSON.parse(auto.stdout) as Document).replies).toEqual(document.replies);
  });

  it('another word is refused with the words there are', async () => {
    const { code, stderr } = await run('gpu');
    expect(code).toBe(2);
    expect(stderr).toContain('--device: got "gpu", expected one of auto, cpu, webgpu, cuda');
  });

  it.skipIf(process.platform !== 'linux')(
    'webgpu without an adapter is one sentence, and nothing of what the driver says (Linux only)',
    async () => {
      const nowhere = join(place.cwd, 'no-such-driver.json');
      const env = { VK_ICD_FILENAMES: nowhere, VK_DRIVER_FILES: nowhere };
      const { code, stdout, stderr } = await run('webgpu', PLAIN, env);
      expect(stderr).toMatch(/^error: device webgpu: [^\n]+\nnext: [^\n]*--device cpu works everywhere\n$/);
      expect([code, stdout]).toEqual([3, '']);
    },
  );

  it('cuda without its library is one sentence (or runs, where it is installed)', async () => {
    const { code, stdout, stderr } = await run('cuda', PLAIN);
    if (code === 0) return;
    expect(stderr).toMatch(/^error: device cuda: [^\n]+\nnext: [^\n]*--device cpu works everywhere\n$/);
    expect(stdout).toBe('');
  });
});

const EXTREMES = ['extremes', '--sae', 'dictionary.npz', '--top', '7'];

describe('antipode extremes --device', () => {
  it('another word is refused with the words there are', async () => {
    const { code, stderr } = await run('gpu', EXTREMES);
    expect(code).toBe(2);
    expect(stderr).toContain('--device: got "gpu", expected one of auto, cpu, webgpu, cuda');
  });

  it('auto finds what the CPU finds; a dry run says which device it would be', async () => {
    const [cpu, auto] = [
      await run('cpu', [...EXTREMES, '--json']),
      await run('auto', [...EXTREMES, '--json']),
    ];
    expect([cpu.code, auto.code]).toEqual([0, 0]);
    expect(auto.stdout).toBe(cpu.stdout);
    const dry = await run('auto', [...EXTREMES, '--json', '--dry-run']);
    expect(['cpu', 'cuda']).toContain((JSON.parse(dry.stdout) as { device: string }).device);
  });

  it.skipIf(process.platform !== 'linux').each([
    ['a search', []],
    ['a dry run', ['--dry-run']],
  ])('webgpu without an adapter is one sentence: %s (Linux only)', async (_, words) => {
    const nowhere = join(place.cwd, 'no-such-driver.json');
    const env = { VK_ICD_FILENAMES: nowhere, VK_DRIVER_FILES: nowhere };
    const { code, stdout, stderr } = await run('webgpu', [...EXTREMES, ...words], env);
    expect(stderr).toMatch(/^error: device webgpu: [^\n]+\nnext: [^\n]*--device cpu works everywhere\n$/);
    expect([code, stdout]).toEqual([3, '']);
  });
});

describe.skipIf(missing !== undefined)(
  `--device webgpu on a software adapter${missing === undefined ? '' : ` (needs ${missing}, absent: skipped)`}`,
  () => {
    const hasCard = existsSync('/dev/dri') || existsSync('/dev/nvidia0');
    const WARNING = /^warning: device webgpu: .+a software adapter.+$/;
    /** Progress is shown where a machine is slow; a warning, once, where it has no graphics card besides; and nothing of what drivers say. */
    const expectWarned = ({ code, stderr }: CommandResult): void => {
      const said = stderr.split('\n').filter((line) => !/^$| left$|^Nothing was written/.test(line));
      expect([code, said]).toEqual([0, said.map(() => expect.stringMatching(WARNING))]);
      expect(said.length).toBeLessThanOrEqual(1);
      if (!hasCard) expect(said).toHaveLength(1);
    };

    it('generates what the CPU generates, ends in order, writes nothing into the home', async () => {
      const before = snapshot(place.home);
      const result = await run('webgpu', GENERATE, adapter);
      expectWarned(result);
      const document = JSON.parse(result.stdout) as Document;
      expect(document.device).toBe('webgpu');
      expect(document.replies).toHaveLength(1);
      const onCpu = JSON.parse((await run('cpu')).stdout) as Document;
      expect(document.replies[0]!.tokens).toEqual(onCpu.replies[0]!.tokens);
      expect(snapshot(place.home)).toEqual(before);
    });

    it.skipIf(!isFull)(
      `extremes are those of the CPU, byte for byte, and the warning comes once for both spaces${onlyInFull('ten seconds; src/search tries it')}`,
      async () => {
        const args = [...EXTREMES, '--json'];
        const result = await run('webgpu', args, adapter);
        expectWarned(result);
        expect(result.stdout).toBe((await run('cpu', args)).stdout);
        const dry = await run('webgpu', [...EXTREMES, '--dry-run'], adapter);
        expectWarned(dry);
        expect(dry.stdout).toContain('exhaustively in encoder and decoder on webgpu');
      },
    );

    it.skipIf(!isFull)(
      `activations name the device${onlyInFull('generate and extremes tell it too')}`,
      async () => {
        const args = [
          'activations',
          '-m',
          'model',
          '--sae',
          'dictionary.npz',
          '--layer',
          '1',
          '-p',
          'w5 w6',
          '--json',
        ];
        const result = await run('webgpu', args, adapter);
        expectWarned(result);
        const document = JSON.parse(result.stdout) as {
          device: string;
          tokens: { top: { activation: number }[] }[];
        };
        expect(document.device).toBe('webgpu');
        const onCpu = JSON.parse((await run('cpu', args)).stdout) as typeof document;
        expect(document.tokens).toHaveLength(onCpu.tokens.length);
        for (const [t, { top }] of document.tokens.entries()) {
          for (const [i, { activation }] of top.entries()) {
            expect(activation).toBeCloseTo(onCpu.tokens[t]!.top[i]!.activation, 3);
          }
        }
      },
    );
  },
);
