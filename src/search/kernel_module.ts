/**
 * @file The compiled kernels and their memory: a bump allocator over one WebAssembly memory of the calling thread, because ONNX Runtime takes
 * no shared memory. Sources: kernels/*.ts.
 */

import { readFileSync } from 'node:fs';

/** Exports of kernels.wasm; all arguments are numbers, pointers are byte offsets. Parameters are named in the sources. */
export interface Kernels {
  quantiseBytes(...args: number[]): void;
  quantiseWords(...args: number[]): void;
  sketchRows(...args: number[]): void;
  sortByGroup(...args: number[]): void;
  matchGroup(...args: number[]): number;
  packColumns(...args: number[]): void;
  scanTile(...args: number[]): number;
  peaksOfUnknown(...args: number[]): void;
  scanNearest(...args: number[]): number;
  refineNearest(...args: number[]): number;
  refine(...args: number[]): number;
  productOfWords(...args: number[]): number;
  writeUnit(...args: number[]): void;
  scaleRow(...args: number[]): void;
  scanFloats(...args: number[]): number;
  scanFloatRows(...args: number[]): number;
}

export interface KernelModule {
  readonly kernels: Kernels;
  /** Forgets all that was allocated. Views made before are no longer valid. */
  reset(): void;
  /** Bytes at a multiple of 64. Views of the memory made before an `allocate` may be detached by it. */
  allocate(byteLength: number): number;
  readonly buffer: ArrayBuffer;
}

/** The part of the WebAssembly API in use; Node's type definitions leave it to those for browsers. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(limits: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}

const PAGE = 65536;
/** Where the kernels' own static data may lie. */
const FIRST_FREE = PAGE;
const MAX_PAGES = 65536;

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernels/kernels.wasm', import.meta.url)));
  return compiled;
}

export function createKernelModule(): KernelModule {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: MAX_PAGES });
  const abort = (): never => {
    throw new Error('internal: a search kernel stopped');
  };
  const instance = new WebAssembly.Instance(compile(), { env: { memory, abort } });
  let free = FIRST_FREE;
  return {
    kernels: instance.exports as unknown as Kernels,
    reset() {
      free = FIRST_FREE;
    },
    allocate(byteLength) {
      const at = free;
      free = Math.ceil((at + byteLength) / 64) * 64;
      const missing = Math.ceil(free / PAGE) - memory.buffer.byteLength / PAGE;
      if (missing > 0) memory.grow(missing);
      return at;
    },
    get buffer() {
      return memory.buffer;
    },
  };
}
