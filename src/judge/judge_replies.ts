/**
 * @file Asks one judge about the replies of a run and keeps what it says. The judge gets keys and an order that say nothing of arms; what it said before it
 * was stopped is not asked for again. Knows nothing of who judges.
 */

import { createHash } from 'node:crypto';
import { throwIfInterrupted } from '../errors.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import type { Judge, JudgeExample, Verdict } from './judge.ts';
import type { ReplyVerdict, VerdictsFile } from './verdicts_file.ts';

/** The arm that judges are shown, and that none labels (`ArmKind`). */
const EXAMPLES_ARM = 'examples';

type JudgedRecord = Pick<ReplyRecord, 'id' | 'arm' | 'prompt' | 'text'>;

export interface JudgeRepliesOptions {
  /** Of a run, whole and in its order; the `examples` arm is passed over. Ids are unique. */
  readonly records: readonly JudgedRecord[];
  /** Texts, by number. */
  readonly prompts: readonly string[];
  readonly judge: Judge;
  /** Of this judge and pass; finished or closed when the call ends. */
  readonly verdicts: VerdictsFile;
  /** Of the order. */
  readonly seed: number;
  /** Every reply without a label is asked about again, refusals included. */
  readonly again?: boolean;
  /** Replies that have a verdict, earlier ones included. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface JudgedReplies {
  /** By id; one for every record but those of `examples`. */
  readonly verdicts: ReadonlyMap<string, ReplyVerdict>;
  /** Verdicts that were there already. */
  readonly known: number;
  readonly unlabelled: number;
  /** Of these, what is asked for again when the judge runs again. */
  readonly passing: number;
  /** Of what is unlabelled, the most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
}

/** What judges may be shown. */
export function judgeExamples(
  records: readonly JudgedRecord[],
  prompts: readonly string[],
): readonly JudgeExample[] {
  return records
    .filter(({ arm }) => arm === EXAMPLES_ARM)
    .map(({ prompt, text }) => ({ prompt: promptText(prompts, prompt), text }));
}

/** Replies that a judge is going to be asked about: not the examples, and none that it has labelled. @param again as in `JudgeRepliesOptions` */
export function repliesToJudge(
  records: readonly JudgedRecord[],
  verdicts: Pick<VerdictsFile, 'known'> | undefined,
  again = false,
): readonly JudgedRecord[] {
  return records.filter(({ id, arm, text }) => {
    if (arm === EXAMPLES_ARM) return false;
    const known = verdicts?.known(id, text);
    return known === undefined || known.isPassing === true || (again && known.label === 'unlabelled');
  });
}

/**
 * @throws {AntipodeError} whatever the judge throws where it cannot go on, `interrupted`, and `resource` where a verdict cannot be kept; what it said so far
 * is in the file
 */
export async function judgeReplies(options: JudgeRepliesOptions): Promise<JudgedReplies> {
  const { records, judge, verdicts: file, signal } = options;
  try {
    throwIfInterrupted(signal);
    const wanted = records.filter(({ arm }) => arm !== EXAMPLES_ARM);
    const asked = byKey(repliesToJudge(records, file, options.again), options);
    let done = wanted.length - asked.size;
    const known = done;
    options.onProgress?.(done, wanted.length);
    const open = new Map(asked);
    const onVerdict = async ({ key, label, reason, isPassing }: Verdict): Promise<void> => {
      const record = open.get(key);
      if (!record) throw new Error(`internal: the judge ${judge.id} speaks of a reply that is not asked for`);
      open.delete(key);
      const told = {
        ...(reason === undefined ? {} : { reason }),
        ...(isPassing === undefined ? {} : { isPassing }),
      };
      await file.append({ id: record.id, label, ...told }, record.text);
      options.onProgress?.(++done, wanted.length);
    };
    const blind = [...asked].map(([key, { prompt, text }]) => ({
      key,
      prompt: promptText(options.prompts, prompt),
      text,
    }));
    if (blind.length > 0) await judge.label(blind, { onVerdict, signal });
    if (open.size > 0) throw new Error(`internal: the judge ${judge.id} left ${open.size} replies out`);
    const verdicts = new Map(wanted.map(({ id, text }) => [id, file.known(id, text)!]));
    await file.finish(wanted);
    return { verdicts, known, ...countUnlabelled(verdicts.values()) };
  } finally {
    await file.close();
  }
}

/** In the order of the keys, which are drawn by seed, pass and reply: neither tells an arm, and neither depends on which replies are asked for. */
function byKey(
  records: readonly JudgedRecord[],
  { seed, verdicts: { pass } }: JudgeRepliesOptions,
): Map<string, JudgedRecord> {
  const keyed = records.map((record) => {
    const hash = createHash('sha256').update(JSON.stringify(['judge', seed, pass, record.id]));
    return [hash.digest('hex').slice(0, 24), record] as const;
  });
  const found = new Map(keyed.sort(([a], [b]) => (a < b ? -1 : 1)));
  if (found.size !== records.length) throw new Error('internal: two replies have one id');
  return found;
}

function promptText(prompts: readonly string[], prompt: number): string {
  const text = prompts[prompt];
  if (text === undefined) throw new Error(`internal: there is no prompt ${prompt}`);
  return text;
}

function countUnlabelled(
  verdicts: Iterable<ReplyVerdict>,
): Pick<JudgedReplies, 'unlabelled' | 'passing' | 'reasons'> {
  const counts = new Map<string, number>();
  let [unlabelled, passing] = [0, 0];
  for (const { label, reason = 'no reason given', isPassing } of verdicts) {
    if (label !== 'unlabelled') continue;
    unlabelled += 1;
    if (isPassing) passing += 1;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const reasons = [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  return { unlabelled, passing, reasons };
}
