import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import {
  type DeviceChoice,
  deviceFailure,
  devicesFor,
  type Installation,
  runningDevice,
  thisInstallation,
} from './device.ts';
import { loadOnnxRuntime } from './runtime.ts';

const CUDA_FILES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-device-'));
});
afterAll(() => rm(dir, { recursive: true }));

/** A Linux machine with these files beside ONNX Runtime's library and these below `/dev`. */
async function linux(
  libraries: readonly string[],
  devices: readonly string[] = [],
  more: Partial<Installation> = {},
): Promise<Installation> {
  const root = await mkdtemp(join(dir, 'machine-'));
  const bin = join(root, 'bin', 'napi-v6', 'linux', 'x64');
  await mkdir(bin, { recursive: true });
  for (const name of libraries) await writeFile(join(bin, name), '');
  for (const name of devices) {
    await mkdir(join(root, 'dev', name, '..'), { recursive: true });
    await writeFile(join(root, 'dev', name), '');
  }
  return {
    platform: 'linux',
    arch: 'x64',
    providers: ['cpu', 'webgpu', 'cuda', 'tensorrt'],
    runtimeFolder: root,
    deviceFolder: join(root, 'dev'),
    hasLibrary: () => true,
    ...more,
  };
}

function refusal(choice: DeviceChoice, installation: Installation): AntipodeError {
  try {
    devicesFor(choice, installation);
  } catch (error) {
    if (error instanceof AntipodeError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('which device', () => {
  test('auto is CUDA before the CPU where both its libraries are there, else the CPU, and never WebGPU', async () => {
    expect(devicesFor('auto', await linux(CUDA_FILES))).toEqual(['cuda', 'cpu']);
    for (const some of [[], CUDA_FILES.slice(0, 1), CUDA_FILES.slice(1)]) {
      expect(devicesFor('auto', await linux(some, ['dri/renderD128']))).toEqual(['cpu']);
    }
    const without = await linux(CUDA_FILES, [], { providers: ['cpu', 'webgpu'] });
    expect(devicesFor('auto', without)).toEqual(['cpu']);
  });

  test('a device that is named is the only one', async () => {
    const machine = await linux(CUDA_FILES);
    for (const name of ['cpu', 'webgpu', 'cuda'] as const) expect(devicesFor(name, machine)).toEqual([name]);
  });

  test('this installation: the CPU always, and CUDA only with a library that the package does not bring', async () => {
    const { listSupportedBackends } = await loadOnnxRuntime();
    const installation = thisInstallation(listSupportedBackends());
    expect(installation.providers).toContain('cpu');
    expect(devicesFor('cpu', installation)).toEqual(['cpu']);
    expect(devicesFor('auto', installation).at(-1)).toBe('cpu');
    expect(installation.hasLibrary('libsurely-not-there.so.7')).toBe(process.platform !== 'linux');
  });
});

describe('devices that cannot be had', () => {
  test('one that ONNX Runtime is not built with here', async () => {
    const machine = await linux([], [], { arch: 'arm64', providers: ['cpu'] });
    const error = refusal('webgpu', machine);
    expect([error.kind, error.message]).toEqual([
      'missing',
      'device webgpu: not in ONNX Runtime for linux-arm64 (it has cpu)',
    ]);
    expect(error.hint).toContain('--device cpu');
  });

  test('CUDA without its library names the file and the command that fetches it', async () => {
    const machine = await linux(CUDA_FILES.slice(0, 1));
    const error = refusal('cuda', machine);
    expect(error.message).toContain(
      join(machine.runtimeFolder, 'bin', 'napi-v6', 'linux', 'x64', CUDA_FILES[1]!),
    );
    expect(error.hint).toContain(
      `node ${join(machine.runtimeFolder, 'script', 'install.js')} --onnxruntime-node-install=cuda12`,
    );
  });

  test('WebGPU on Linux without the Vulkan loader', async () => {
    const asked: string[] = [];
    const hasLibrary = (name: string): boolean => {
      asked.push(name);
      return false;
    };
    expect(refusal('webgpu', await linux([], [], { hasLibrary })).message).toContain('libvulkan.so.1');
    expect(asked).toEqual(['libvulkan.so.1']);
    expect(devicesFor('webgpu', await linux([], [], { hasLibrary, platform: 'darwin' }))).toEqual(['webgpu']);
  });

  test('failures of a device are told from those of the model', () => {
    const noAdapter = new Error(
      '/x/webgpu_context.cc:136 status was false. Failed to get a WebGPU adapter: No supported adapters.\n',
    );
    expect(deviceFailure('webgpu', noAdapter)?.message).toBe(
      'device webgpu: no graphics adapter that WebGPU can use',
    );
    expect(deviceFailure('cpu', noAdapter)).toBeUndefined();
    const noDriver = new Error(
      'Failed to load library libonnxruntime_providers_cuda.so: libcudnn.so.9: cannot open\n  more',
    );
    const failure = deviceFailure('cuda', noDriver)!;
    expect(failure.message).toMatch(/^device cuda: it does not start \(Failed to load .*libcudnn[^\n]*\)$/);
    expect(failure.hint).toContain('cuDNN 9');
    const damaged = new Error('Deserialize tensor w failed. External initializer: w offset: 8 size to read');
    for (const device of ['webgpu', 'cuda', 'cpu'] as const)
      expect(deviceFailure(device, damaged)).toBeUndefined();
  });
});

describe('what should be known about a device', () => {
  test('WebGPU on a Linux machine that shows no graphics device runs in software', async () => {
    const { warning } = runningDevice('webgpu', await linux([]));
    expect(warning).toContain('a software adapter');
    expect(warning).toContain('--device cpu');
    for (const device of ['dri/renderD128', 'nvidia0', 'dxg', 'mali0', 'kgsl-3d0']) {
      expect(runningDevice('webgpu', await linux([], [device])), device).toEqual({ name: 'webgpu' });
    }
    expect(runningDevice('webgpu', await linux([], ['nvidiactl', 'dri/card0'])).warning).toBeDefined();
    expect(runningDevice('cpu', await linux([]))).toEqual({ name: 'cpu' });
    expect(runningDevice('webgpu', await linux([], [], { platform: 'darwin' }))).toEqual({ name: 'webgpu' });
  });
});
