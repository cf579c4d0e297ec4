/** @file `--device` as a user gives it: what runs, what is said on stderr, how the command ends. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, makePlace, type Place, runCommand, snapshot } from '../support/run_command.ts';
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

function run(
  device: string,
  args: readonly string[] = GENERATE,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runCommand(place, [...args, '--device', device], { env });
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

describe.skipIf(missing !== undefined)(
  `--device webgpu on a software adapter${missing === undefined ? '' : ` (needs ${missing}, absent: skipped)`}`,
  () => {
    /** The warning is there where the machine has no graphics card besides, the progress where it is busy with other things. */
    const WARNING = /^(warning: device webgpu: [^\n]+a software adapter[^\n]+\n)?(generating [^\n]+\n)*$/;

    it('generates what the CPU generates, ends in order, writes nothing into the home', async () => {
      const before = snapshot(place.home);
      const { code, stdout, stderr } = await run('webgpu', GENERATE, adapter);
      expect([code, stderr]).toEqual([0, expect.stringMatching(WARNING)]);
      if (!existsSync('/dev/dri') && !existsSync('/dev/nvidia0')) expect(stderr).not.toBe('');
      const document = JSON.parse(stdout) as Document;
      expect(document.device).toBe('webgpu');
      expect(document.replies).toHaveLength(1);
      const onCpu = JSON.parse((await run('cpu')).stdout) as Document;
      expect(document.replies[0]!.tokens).toEqual(onCpu.replies[0]!.tokens);
      expect(snapshot(place.home)).toEqual(before);
    });

    it('activations name the device', async () => {
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
      const { code, stdout, stderr } = await run('webgpu', args, adapter);
      expect([code, stderr]).toEqual([0, expect.stringMatching(WARNING)]);
      const document = JSON.parse(stdout) as { device: string; tokens: { top: { activation: number }[] }[] };
      expect(document.device).toBe('webgpu');
      const onCpu = JSON.parse((await run('cpu', args)).stdout) as typeof document;
      expect(document.tokens).toHaveLength(onCpu.tokens.length);
      for (const [t, { top }] of document.tokens.entries()) {
        for (const [i, { activation }] of top.entries()) {
          expect(activation).toBeCloseTo(onCpu.tokens[t]!.top[i]!.activation, 3);
        }
      }
    });
  },
);
