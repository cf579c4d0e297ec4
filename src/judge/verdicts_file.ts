/**
 * @file What one judge said in one pass, kept as it comes: `verdicts/<judge>.jsonl`, a first line about the judge and then a line per reply. A run that was
 * killed goes on behind the last whole line. Who asks judges is `judge_replies.ts`.
 */

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { openLineLog, readLineLog } from '../formats/json/line_log.ts';
import type { Judge } from './judge.ts';
import { type JudgedLabel, STEERING_LABELS } from './labels.ts';

/** Below the folder of a run. */
export const VERDICTS_FOLDER = 'verdicts';

/** What a judge said of one reply of a run. */
export interface ReplyVerdict {
  /** `ReplyRecord.id`. */
  readonly id: string;
  readonly label: JudgedLabel;
  /** Why there is no label, in words; or what the judge went by, such as its scores. */
  readonly reason?: string;
  /** There is no label because nobody answered, or not in a form that could be read: it is asked for again when the judge runs again. */
  readonly isPassing?: true;
}

/** Who spoke. */
export interface VerdictsHead {
  readonly judge: Pick<Judge, 'id' | 'title' | 'facts'>;
  /** From 1; another pass of the same judge sees another order and, where it has any, other examples. */
  readonly pass: number;
}

export interface VerdictsFile extends VerdictsHead {
  /** Of an earlier run, for texts that are still the same; `verdictOf` asks for one. */
  known(id: string, text: string): ReplyVerdict | undefined;
  append(verdict: ReplyVerdict, text: string): Promise<void>;
  /**
   * Writes the file anew with these replies in this order, so that its bytes do not tell who answered first, nor where a run was killed; then closes it.
   * @throws {Error} `internal` where one of them has no verdict
   */
  finish(replies: readonly { readonly id: string; readonly text: string }[]): Promise<void>;
  /** Keeps what is there. Closing twice does nothing. */
  close(): Promise<void>;
}

const SCHEMA = 'antipode-verdicts';
const SCHEMA_VERSION = 1;

const HEAD = z.object({
  schema: z.literal(SCHEMA),
  schema_version: z.literal(SCHEMA_VERSION),
  judge: z.object({ id: z.string(), title: z.string(), facts: z.record(z.string(), z.unknown()) }),
  pass: z.number().int().min(1),
});

const LINE = z.object({
  id: z.string(),
  label: z.enum([...STEERING_LABELS, 'unlabelled']),
  reason: z.string().optional(),
  is_passing: z.literal(true).optional(),
  of: z.string(),
});

/** Relative to the folder of the run. */
export function verdictsPath({ judge, pass }: VerdictsHead): string {
  return `${VERDICTS_FOLDER}/${judge.id}${pass === 1 ? '' : `.pass-${pass}`}.jsonl`;
}

/**
 * @param dir of the run
 * @throws {AntipodeError} `format` for a file that is none of ours or damaged other than at its end, `usage` for one of another judge, `resource`
 */
export async function openVerdictsFile(dir: string, head: VerdictsHead): Promise<VerdictsFile> {
  const name = verdictsPath(head);
  const path = join(dir, name);
  const log = await openLineLog(path, name);
  try {
    const [first, ...rest] = log.lines;
    if (first === undefined) await log.append(headLine(head));
    else checkSameJudge(name, readHead(name, first.value), head);
    // The last line of a reply counts: it may have been asked for again.
    const kept = new Map(rest.map(({ line, value }) => readLine(`${name}:${line}`, value)));
    return {
      ...head,
      known: (id, text) => {
        const found = kept.get(id);
        return found?.of === digest(text) ? found.verdict : undefined;
      },
      append: async (verdict, text) => {
        const of = digest(text);
        kept.set(verdict.id, { verdict, of });
        await log.append(lineOf(verdict, of));
      },
      finish: async (replies) => {
        await log.close();
        const lines = replies.map(({ id, text }) => {
          const found = kept.get(id);
          if (found?.of !== digest(text)) throw new Error(`internal: no verdict on ${id}`);
          return lineOf(found.verdict, found.of);
        });
        const all = [headLine(head), ...lines].map((line) => `${JSON.stringify(line)}\n`);
        await writeFileAtomic(path, all.join(''));
      },
      close: () => log.close(),
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

export interface KeptVerdicts extends VerdictsHead {
  /** Relative to the folder of the run. */
  readonly file: string;
  /** By id of the reply. Half a last line, of a program that was killed, is passed over. */
  readonly verdicts: ReadonlyMap<string, ReplyVerdict>;
}

/**
 * All that judges have said in a run, by file name; empty where there is nothing.
 * @param records where given, verdicts on texts that are not theirs any more are left out
 * @throws {AntipodeError} `format` for a file that is none of ours, or damaged
 */
export async function readVerdicts(
  dir: string,
  records?: readonly { readonly id: string; readonly text: string }[],
): Promise<KeptVerdicts[]> {
  const texts = records && new Map(records.map(({ id, text }) => [id, digest(text)]));
  const kept: KeptVerdicts[] = [];
  for (const file of await verdictFiles(dir)) {
    const found = await readVerdictsFile(dir, file, texts);
    if (found) kept.push(found);
  }
  return kept;
}

async function verdictFiles(dir: string): Promise<string[]> {
  try {
    const names = await readdir(join(dir, VERDICTS_FOLDER));
    return names
      .filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'))
      .sort()
      .map((name) => `${VERDICTS_FOLDER}/${name}`);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** @returns undefined for a file whose first line is not whole */
async function readVerdictsFile(
  dir: string,
  file: string,
  texts: ReadonlyMap<string, string> | undefined,
): Promise<KeptVerdicts | undefined> {
  const [first, ...rest] = await readLineLog(join(dir, file), file);
  if (!first) return undefined;
  const verdicts = rest.flatMap(({ line, value }) => {
    const [id, { verdict, of }] = readLine(`${file}:${line}`, value);
    return texts === undefined || texts.get(id) === of ? [[id, verdict] as const] : [];
  });
  return { ...readHead(file, first.value), file, verdicts: new Map(verdicts) };
}

/** A label belongs to a text: a run whose texts were made anew is labelled anew. */
function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16);
}

function headLine({ judge: { id, title, facts }, pass }: VerdictsHead): z.input<typeof HEAD> {
  return { schema: SCHEMA, schema_version: SCHEMA_VERSION, judge: { id, title, facts }, pass };
}

function lineOf({ id, label, reason, isPassing }: ReplyVerdict, of: string): z.input<typeof LINE> {
  return {
    id,
    label,
    ...(reason === undefined ? {} : { reason }),
    ...(isPassing === undefined ? {} : { is_passing: isPassing }),
    of,
  };
}

function readHead(name: string, value: unknown): VerdictsHead {
  const { success, data } = HEAD.safeParse(value);
  if (!success) throw new AntipodeError('format', `${name}: does not begin as a file of verdicts does`);
  return { judge: data.judge, pass: data.pass };
}

function checkSameJudge(name: string, found: VerdictsHead, head: VerdictsHead): void {
  if (found.judge.id === head.judge.id && found.pass === head.pass) return;
  throw new AntipodeError('usage', `${name}: holds verdicts of another judge (${found.judge.id})`, {
    hint: 'move it away',
  });
}

function readLine(
  where: string,
  value: unknown,
): [id: string, kept: { readonly verdict: ReplyVerdict; readonly of: string }] {
  const { success, data } = LINE.safeParse(value);
  if (!success) throw new AntipodeError('format', `${where}: is no verdict`);
  const { id, label, reason, is_passing: isPassing, of } = data;
  const verdict: ReplyVerdict = {
    id,
    label,
    ...(reason === undefined ? {} : { reason }),
    ...(isPassing === undefined ? {} : { isPassing }),
  };
  return [id, { verdict, of }];
}
