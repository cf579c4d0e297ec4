/** @file What both sides of `bench:generate` share: the token ids, memory, argmax, the way a process gets its task and gives its numbers back. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Ids between those of special tokens and the end of the vocabulary, the same for everybody. */
export const promptIds = (count, vocabulary) =>
  Array.from({ length: count }, (_, i) => 300 + ((i * 7919 + 104_729) % (vocabulary - 300)));

export const readTask = () => JSON.parse(process.argv[2]);

export const giveBack = (result) => process.stdout.write(`\n${JSON.stringify(result)}\n`);

export const lastLine = (text) => JSON.parse(text.trimEnd().split('\n').at(-1));

export const saveLogits = (path, values) =>
  writeFileSync(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

/** Megabytes: all resident pages, those of the process alone, those that are pages of files, and the most there ever were. */
export function memory() {
  const path = '/proc/self/status';
  if (!existsSync(path)) return { rss: process.memoryUsage().rss / 1e6 };
  const status = readFileSync(path, 'utf8');
  const field = (name) => (Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))?.[1]) * 1024) / 1e6;
  return { rss: field('VmRSS'), anon: field('RssAnon'), file: field('RssFile'), peak: field('VmHWM') };
}

export function argmax(values) {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[at]) at = i;
  return at;
}

export const seconds = (since) => (performance.now() - since) / 1000;
