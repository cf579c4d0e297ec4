/**
 * @file SwiftShader, the Vulkan in software that Chromium brings along: a graphics adapter for tests on machines without one. Mesa's lavapipe would
 * do as well from version 23 on; older ones lack what WebGPU asks for.
 */

import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const LIBRARY = 'libvk_swiftshader.so';
const LOADER = 'libvulkan.so.1';

/** Where Linux distributions, Chrome and Playwright put their Chromium. */
function folders(): string[] {
  const below = (folder: string, pattern: RegExp): string[] =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => pattern.test(name))
          .map((name) => join(folder, name))
      : [];
  const playwright = below(join(homedir(), '.cache', 'ms-playwright'), /^chromium/);
  return [
    process.env['SWIFTSHADER_FOLDER'] ?? '',
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/opt/google/chrome',
    ...playwright.flatMap((folder) => below(folder, /^chrome-linux/)),
  ].filter((folder) => folder !== '');
}

function findLibrary(): string | undefined {
  return folders()
    .map((folder) => join(folder, LIBRARY))
    .find((path) => existsSync(path));
}

function hasLoader(): boolean {
  try {
    process.dlopen({ exports: {} }, LOADER);
    return true;
  } catch (error) {
    return !String(error).includes('cannot open shared object file');
  }
}

/** What is missing, for the title of the tests that are skipped then; undefined where there is a software adapter. */
export function missingForAdapter(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'Linux on x64';
  if (findLibrary() === undefined) return `${LIBRARY} of a Chromium, or SWIFTSHADER_FOLDER`;
  return hasLoader() ? undefined : LOADER;
}

/** @param folder for the file that the Vulkan loader reads @returns environment of a process that shall see this adapter and no other */
export async function softwareAdapter(folder: string): Promise<Record<string, string>> {
  const path = join(folder, 'swiftshader.json');
  const driver = { library_path: findLibrary(), api_version: '1.0.5' };
  await writeFile(path, JSON.stringify({ file_format_version: '1.0.0', ICD: driver }));
  // The second name is the newer one, which wins where both are set.
  return { VK_ICD_FILENAMES: path, VK_DRIVER_FILES: path };
}
