/** @file Versions of this package and of what its results depend on, read from the package files. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface PackageFile {
  readonly version: string;
}

export function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as PackageFile).version;
}

/** Of the installed `onnxruntime-node`, without loading its native library. */
export function onnxRuntimeVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('onnxruntime-node/package.json') as PackageFile).version;
}
