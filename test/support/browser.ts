/** @file A headless Chromium of the machine, for pages: what they ask of the network, what they complain of, and how they look. */

import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Where this machine has one; undefined: tests of pages are skipped. */
export const CHROMIUM: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

export const WITHOUT_CHROMIUM = '(no chromium on this machine: skipped)';

/** @throws where it does not start */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu'] });
}

export interface OpenedPage {
  readonly page: Page;
  /** Everything that was asked for but the page itself. */
  readonly requests: readonly string[];
  /** Messages of the console, and errors. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export interface OpenPageOptions {
  readonly width: number;
  readonly height?: number;
  readonly colorScheme: 'light' | 'dark';
}

/** A page from the disk, settled. */
export async function openPage(
  browser: Browser,
  path: string,
  options: OpenPageOptions,
): Promise<OpenedPage> {
  const { width, height = 900, colorScheme } = options;
  // Tools of the test are brought into the page past its own policy; what the page itself does stays under it and is told.
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const url = pathToFileURL(path).href;
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (request.url() !== url) requests.push(request.url());
  });
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url, { waitUntil: 'load' });
  return { page, requests, complaints, close: () => context.close() };
}

/** What axe finds wrong: rule, and the first element of each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // Evaluated by the debugger, which no policy of the page forbids.
  const found = await page.evaluate(
    `(async () => { ${source}; const { violations } = await axe.run(); return violations.map(({ id, help, nodes }) => id + ': ' + help + ' ' + nodes[0].html.slice(0, 160)); })()`,
  );
  return found as string[];
}
