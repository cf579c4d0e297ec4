/**
 * @file `replies.jsonl` of a run: one line per reply, appended as it is made, read again when the run goes on. A line that was cut off, as by a kill, is
 * removed; anything else that is not a reply is refused. Leaves out fsync: it holds against the end of the program, not of the machine.
 */

import { basename } from 'node:path';
import { z } from 'zod';
import { AntipodeError } from '../errors.ts';
import type { JsonLine } from '../formats/json/jsonl.ts';
import { openLineLog, readLineLog } from '../formats/json/line_log.ts';
import type { ReplyRecord } from './reply_record.ts';

export interface RepliesFile {
  /** By id, in the order of the file; what is appended joins it. */
  readonly known: ReadonlyMap<string, ReplyRecord>;
  /** The line is with the operating system when this returns. @throws {AntipodeError} `resource` for a full disk or missing rights */
  append(record: ReplyRecord): Promise<void>;
  close(): Promise<void>;
}

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

const replyRecord: z.ZodType<ReplyRecord> = z.strictObject({
  id: z.string(),
  arm: z.string(),
  prompt: count,
  reply: count,
  seed: z.number().int(),
  text: z.string(),
  tokens: z.array(count),
  end: z.enum(['eos', 'stop', 'length', 'context']),
  unsteered_mean_log_probability: z.number().nullable(),
  steered: z.array(z.tuple([count, count])),
  positions: count,
  distinct_1: share.nullable(),
  distinct_2: share.nullable(),
  repetition: share,
  activations: z.strictObject({ a: z.array(z.number()), b: z.array(z.number()) }).exactOptional(),
});

/**
 * Makes the file and its folder where they are not there. One process at a time: the caller holds the run's lock.
 * @param shown begins messages
 * @throws {AntipodeError} `format` with the line's number for a line that is no reply or one that is there twice; as `openLineLog`
 */
export async function openRepliesFile(path: string, shown: string = basename(path)): Promise<RepliesFile> {
  const log = await openLineLog(path, shown).catch(withNextStep);
  try {
    const known = recordsOf(log.lines, shown);
    return {
      known,
      async append(record) {
        if (known.has(record.id)) throw new Error(`internal: ${record.id} was made twice`);
        known.set(record.id, record);
        await log.append(record);
      },
      close: () => log.close(),
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** What is there, by id, without changing it: for those who judge and report. @throws {AntipodeError} also `missing` where there is no such file */
export async function readReplies(path: string): Promise<ReadonlyMap<string, ReplyRecord>> {
  return recordsOf(await readLineLog(path, basename(path)).catch(withNextStep), basename(path));
}

function recordsOf(lines: readonly JsonLine[], name: string): Map<string, ReplyRecord> {
  const known = new Map<string, ReplyRecord>();
  for (const { line, value } of lines) {
    const { data, error } = replyRecord.safeParse(value);
    if (!data) throw notAReply(`${name}:${line}`, `is not a reply (${problemOf(error)})`);
    if (known.has(data.id)) throw notAReply(`${name}:${line}`, `holds ${data.id}, as an earlier line does`);
    known.set(data.id, data);
  }
  return known;
}

function problemOf({ issues }: z.ZodError): string {
  const [first] = issues;
  return first ? `${first.path.join('.') || 'the line'}: ${first.message}` : 'malformed';
}

const NEXT = 'take the line out, or begin anew with another folder: --out';

/** A line that is no JSON at all is refused where lines are read, which knows of no runs. */
function withNextStep(error: unknown): never {
  if (!(error instanceof AntipodeError) || error.kind !== 'format' || error.hint !== undefined) throw error;
  throw new AntipodeError('format', error.message, { hint: NEXT, cause: error });
}

function notAReply(place: string, problem: string): AntipodeError {
  return new AntipodeError('format', `${place}: ${problem}`, {
    hint: NEXT,
  });
}
