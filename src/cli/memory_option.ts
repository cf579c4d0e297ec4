/** @file `--memory` as it is typed. */

import { AntipodeError } from '../errors.ts';

const UNITS: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9 };

/** `1.5GB`, `900 MB`. @throws {AntipodeError} `usage` */
export function memoryOption(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(MB|GB)$/i.exec(text) ?? [];
  const bytes = Number(amount) * (UNITS[unit?.toUpperCase() ?? ''] ?? Number.NaN);
  if (bytes > 0 && Number.isFinite(bytes)) return Math.floor(bytes);
  throw new AntipodeError(
    'usage',
    `--memory: got ${JSON.stringify(text)}, expected a size such as 1.5GB or 900MB`,
  );
}
