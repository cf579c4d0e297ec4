/** @file How commands reach the network for data: with a progress line, notes about waits, and not at all in offline mode. */

import type { HubFiles } from '../hub/fetch_wanted.ts';
import { areProgressBarsDisabled, isOffline } from '../hub/hf_env.ts';
import { createHttp, type Http } from '../hub/http.ts';
import { createHubFiles } from '../hub/hub_files.ts';
import type { CliContext } from './context.ts';
import { formatBytes, formatSeconds, type Progress } from './output.ts';

/** With notes about what is tried again. */
export function httpFor(context: CliContext): Http {
  return createHttp(context.env, {
    onWait: (reason, ms) =>
      context.out().note(`${reason}; next attempt in ${formatSeconds(Math.max(1, ms / 1000))}`),
  });
}

/** Not in offline mode, and not in a dry run: what is missing is missing then, and the error says what would fetch it. */
export function mayFetch({ env, isDryRun }: CliContext): boolean {
  return !isOffline(env) && !isDryRun();
}

/** Undefined where nothing may be fetched. */
export function hubFor(context: CliContext): HubFiles | undefined {
  return mayFetch(context) ? networkHub(context) : undefined;
}

/** The next step for what is missing. @param words behind `antipode download` */
export function downloadHint({ env }: CliContext, words: string): string {
  const offline = isOffline(env) ? 'with a network, and without HF_HUB_OFFLINE: ' : '';
  return `${offline}antipode download ${words}`;
}

/** The same where fetching is what was asked for: offline mode is an error of each request. */
export function networkHub(context: CliContext): HubFiles {
  const bars = createFetchBars(context);
  const hub = createHubFiles({
    env: context.env,
    http: httpFor(context),
    signal: context.signal,
    onProgress: (shown, done, total) => bars.update(shown, done, total),
    onWait: (shown) => context.out().note(`${shown}: another process is fetching it; waiting`),
  });
  const withBars = <T>(fetching: Promise<T>): Promise<T> => fetching.finally(() => bars.end());
  return {
    ...hub,
    fetch: (request) => withBars(hub.fetch(request)),
    fetchUrl: (url) => withBars(hub.fetchUrl(url)),
  };
}

export interface FetchBars {
  /** @param total undefined where nobody knows */
  update(shown: string, done: number, total: number | undefined): void;
  end(): void;
}

/** One status line, for the file that is under way. */
export function createFetchBars(context: CliContext): FetchBars {
  if (areProgressBarsDisabled(context.env)) return { update() {}, end() {} };
  let current: { readonly shown: string; readonly progress: Progress } | undefined;
  return {
    update(shown, done, total) {
      if (current?.shown !== shown) {
        current?.progress.end();
        current = { shown, progress: context.out().progress(`fetching ${shown}`, total ?? 0) };
      }
      const of = total === undefined ? '' : ` of ${formatBytes(total)}`;
      current.progress.update(done, `${formatBytes(done)}${of}`);
    },
    end() {
      current?.progress.end();
      current = undefined;
    },
  };
}
