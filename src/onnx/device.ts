/**
 * @file On what a graph runs: which of ONNX Runtime's providers this installation has, in which order they are tried, and what to tell a user whose
 * choice cannot be had. Opens no session.
 */

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { OnnxRuntime } from './runtime.ts';

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;

export type Device = (typeof DEVICES)[number];

/**
 * `auto`: CUDA where its library is installed and starts, else the CPU. WebGPU is used only when it is named, because its agreement with the CPU was
 * measured on a software adapter alone and its speed on real ones not at all.
 */
export type DeviceChoice = Device | 'auto';

/** What runs the work that was asked for. */
export interface RunningDevice {
  readonly name: Device;
  /** What its user should know, as one sentence. */
  readonly warning?: string;
}

/** What is asked of the machine; tests describe other machines. */
export interface Installation {
  readonly platform: string;
  readonly arch: string;
  /** Providers that ONNX Runtime was built with here; they can still lack a library or hardware. */
  readonly providers: readonly string[];
  /** The folder of `onnxruntime-node`. */
  readonly runtimeFolder: string;
  /** Where the system lists its devices. */
  readonly deviceFolder: string;
  /** Whether the dynamic linker finds a library. */
  hasLibrary(name: string): boolean;
}

/** @param providers `listSupportedBackends()` of ONNX Runtime */
export function thisInstallation(providers: readonly { readonly name: string }[]): Installation {
  const require = createRequire(import.meta.url);
  return {
    platform: process.platform,
    arch: process.arch,
    providers: providers.map(({ name }) => name),
    runtimeFolder: dirname(require.resolve('onnxruntime-node/package.json')),
    deviceFolder: '/dev',
    hasLibrary,
  };
}

/** Node loads any library before it looks for an addon in it, and drops it again. */
function hasLibrary(name: string): boolean {
  try {
    process.dlopen({ exports: {} }, name);
    return true;
  } catch (error) {
    return !String(error).includes('cannot open shared object file');
  }
}

/** WebGPU on Linux is Vulkan. */
const VULKAN_LOADER = 'libvulkan.so.1';

const CPU_WORKS = '--device cpu works everywhere';

/** @returns the devices to try, in this order @throws {AntipodeError} `missing` where the one that was named is not installed */
export function devicesFor(choice: DeviceChoice, installation: Installation): readonly Device[] {
  const { providers, platform, arch, runtimeFolder } = installation;
  if (choice === 'auto') {
    return providers.includes('cuda') && !missingCudaLibrary(installation) ? ['cuda', 'cpu'] : ['cpu'];
  }
  if (!providers.includes(choice)) {
    throw new AntipodeError(
      'missing',
      `device ${choice}: not in ONNX Runtime for ${platform}-${arch} (it has ${providers.join(', ')})`,
      { hint: CPU_WORKS },
    );
  }
  if (choice === 'webgpu' && platform === 'linux' && !installation.hasLibrary(VULKAN_LOADER)) {
    throw new AntipodeError('missing', `device webgpu: this machine has no Vulkan (no ${VULKAN_LOADER})`, {
      hint: `install the Vulkan loader (libvulkan1 on Debian and Ubuntu) and the graphics card's driver; ${CPU_WORKS}`,
    });
  }
  const library = choice === 'cuda' ? missingCudaLibrary(installation) : undefined;
  if (library !== undefined) {
    const installer = join(runtimeFolder, 'script', 'install.js');
    throw new AntipodeError(
      'missing',
      `device cuda: ONNX Runtime's CUDA library is not installed (no ${library})`,
      {
        hint: `fetch it with: node ${installer} --onnxruntime-node-install=cuda12 (it needs CUDA 12 and cuDNN 9); ${CPU_WORKS}`,
      },
    );
  }
  return [choice];
}

/** The npm package leaves these out for their size; its install script, which antipode does not run, fetches them. */
const CUDA_LIBRARIES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

/** The path of the first that is not there. */
function missingCudaLibrary({ arch, platform, runtimeFolder }: Installation): string | undefined {
  const bin = join(runtimeFolder, 'bin');
  const binding = existsSync(bin) ? readdirSync(bin).find((name) => name.startsWith('napi-')) : undefined;
  const folder = join(bin, binding ?? '', platform, arch);
  return CUDA_LIBRARIES.map((name) => join(folder, name)).find((path) => !existsSync(path));
}

/** Why a session could not be made on a device, where that is the device's fault; undefined where it is not. */
export function deviceFailure(device: Device, error: unknown): AntipodeError | undefined {
  const reason = error instanceof Error ? error.message : String(error);
  if (device === 'webgpu' && /WebGPU adapter|WebGPU device|No supported adapters/i.test(reason)) {
    return new AntipodeError('missing', 'device webgpu: no graphics adapter that WebGPU can use', {
      hint: `install the driver of the graphics card (on Linux with Vulkan); ${CPU_WORKS}`,
      cause: error,
    });
  }
  if (device === 'cuda' && /cuda|cudnn|cublas|nvidia|providers_shared/i.test(reason)) {
    return new AntipodeError('missing', `device cuda: it does not start (${firstLine(reason)})`, {
      hint: `check the NVIDIA driver, CUDA 12 and cuDNN 9; ${CPU_WORKS}`,
      cause: error,
    });
  }
  return undefined;
}

/** ONNX Runtime appends stack traces and source positions. */
function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 300);
}

/** @param failed why a device that was tried before does not run @returns what should be said about one that runs */
export function runningDevice(
  name: Device,
  { deviceFolder, platform }: Installation,
  failed?: AntipodeError,
): RunningDevice {
  if (failed) return { name, warning: `${failed.message}, so ${name} does the work` };
  if (name !== 'webgpu' || platform !== 'linux' || hasGraphicsDevice(deviceFolder)) return { name };
  return {
    name,
    warning:
      'device webgpu: this machine shows no graphics device, so a software adapter does the work; --device cpu is faster',
  };
}

/** Kernel drivers: `dri/renderD*` of Mesa and most others, `nvidia*` of NVIDIA, `dxg` under Windows, `mali*` and `kgsl*` on small boards. */
function hasGraphicsDevice(deviceFolder: string): boolean {
  const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  return (
    names(join(deviceFolder, 'dri')).some((name) => name.startsWith('renderD')) ||
    names(deviceFolder).some((name) => /^(nvidia\d|dxg$|mali|kgsl)/.test(name))
  );
}

/**
 * What has to be set in the process before its first session. cuBLAS rounds the factors of float32 products to 10 bits on newer cards unless
 * told not to, and the Node binding has no option for it; a user's own setting stays.
 */
export function prepareRuntime(runtime: OnnxRuntime, device: Device): void {
  if (device === 'cpu') return;
  runtime.env.logLevel = 'fatal';
  if (device === 'cuda') process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
}
