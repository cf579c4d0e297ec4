/** @file Where the SAE fixtures and their golden numbers are, and how tests open them. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type OpenSaeOptions, openSae } from '../../src/sae/open.ts';
import type { SaeFile } from '../../src/sae/sae.ts';

export function fixture(path: string): string {
  return fileURLToPath(new URL(`../fixtures/sae/${path}`, import.meta.url));
}

/** One SAE as numpy sees it in float64; matrices feature-major and flat. */
export interface GoldenSae {
  readonly format: string;
  readonly architecture: string;
  readonly d_in: number;
  readonly d_sae: number;
  readonly W_enc: readonly number[];
  readonly W_dec: readonly number[];
  readonly encoder_norms: readonly number[];
  readonly decoder_norms: readonly number[];
  readonly same_feature_cosines: readonly number[];
  readonly x: readonly number[];
  readonly acts: readonly number[];
  readonly reconstruction: readonly number[];
}

export const golden: Readonly<Record<string, GoldenSae>> = JSON.parse(
  readFileSync(new URL('../golden/sae/encode.json', import.meta.url), 'utf8'),
);

/** For `unknown/dictionary.pt`, as a user would type it. */
export const UNKNOWN_MAP: readonly string[] = [
  'W_enc=encoder_weights',
  'W_dec=decoder_weights',
  'b_enc=encoder_bias',
  'b_dec=pre_bias',
  'k=4',
];

export async function openFixture(path: string, options: Partial<OpenSaeOptions> = {}): Promise<SaeFile> {
  return openSae(fixture(path), { env: {}, cwd: process.cwd(), ...options });
}

/** A folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-sae-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
