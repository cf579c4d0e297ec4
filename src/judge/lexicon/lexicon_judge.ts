/**
 * @file The judge that needs nothing but its word list: the two halves of a reply are positive, negative or neither, beside unsteered replies, and that makes one
 * of the five labels. It reads English words, no irony and nothing between the lines, and takes positive and negative for the two poles.
 */

import { createHash } from 'node:crypto';
import { AntipodeError, throwIfInterrupted } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import type { BlindReply, Judge, JudgeOptions, JudgeSetting, Verdict } from '../judge.ts';
import type { SteeringLabel } from '../labels.ts';
import { sentencesOf } from './reply_words.ts';
import { type Band, type Scored, scoreText, type Thresholds, thresholdsOf } from './thresholds.ts';
import { type ValenceList, valenceList } from './valence_list.ts';

/** Changed with anything that may change a label. */
const RULES_VERSION = 1;

/** Examples of one prompt that give thresholds of their own; with fewer, those of all prompts do. */
const ENOUGH_EXAMPLES = 10;

/** Pairs of words that repetition can be seen by, and words that a list of charged words has at least. */
const LEAST_PAIRS = 2;
const LEAST_WORDS = 4;

/**
 * @throws {AntipodeError} `usage` unless one pole's name is positive in the list and the other's negative; `missing` where the package with the list is not
 * installed whole
 */
export function createLexiconJudge(setting: JudgeSetting): Judge {
  const list = valenceList();
  const positive = positivePole(setting, list);
  const all = thresholdsOf(
    setting.examples.map(({ text }) => text),
    list.valences,
  );
  const byPrompt = new Map<string, Thresholds>();
  for (const prompt of new Set(setting.examples.map((example) => example.prompt))) {
    const texts = setting.examples.filter((example) => example.prompt === prompt).map(({ text }) => text);
    if (texts.length >= ENOUGH_EXAMPLES) byPrompt.set(prompt, thresholdsOf(texts, list.valences));
  }
  const facts = {
    kind: 'lexicon',
    list: list.title,
    list_sha256: list.sha256,
    rules_version: RULES_VERSION,
    positive_pole: setting.poles[positive],
    thresholds: all,
    thresholds_by_prompt: Object.fromEntries(byPrompt),
  };
  const digest = createHash('sha256')
    .update(JSON.stringify([facts, setting.poles]))
    .digest('hex');
  const labelOne = (reply: BlindReply): Verdict => {
    const scored = scoreText(reply.text, list.valences);
    return { key: reply.key, ...verdictOf(scored, byPrompt.get(reply.prompt) ?? all, positive) };
  };
  return {
    id: `lexicon-${list.title.toLowerCase()}-${digest.slice(0, 12)}`,
    title: `sentiment lexicon ${list.title}`,
    facts,
    async label(replies: readonly BlindReply[], { onVerdict, signal }: JudgeOptions): Promise<void> {
      for (const reply of replies) {
        throwIfInterrupted(signal);
        await onVerdict(labelOne(reply));
      }
    },
  };
}

function verdictOf(scored: Scored, thresholds: Thresholds, positive: 'a' | 'b'): Omit<Verdict, 'key'> {
  const broken = brokenText(scored, thresholds);
  if (broken) return { label: 'unlabelled', reason: broken };
  const first = beyond(scored.first, thresholds.first);
  const second = beyond(scored.second, thresholds.second);
  const shown = (value: number): string => value.toFixed(1);
  const reason = `valence ${shown(scored.first)} in the first half, ${shown(scored.second)} in the second`;
  return { label: labelOf(first, second, beyond(scored.whole, thresholds.whole), positive), reason };
}

/** Lists of moods and repeated words are no mood, and not the absence of one. */
function brokenText(scored: Scored, thresholds: Thresholds): string | undefined {
  if (scored.words === 0) return 'no words';
  if (scored.pairs >= LEAST_PAIRS && scored.distinctPairs <= thresholds.leastDistinctPairs) {
    return 'degenerate: repeats itself';
  }
  if (scored.words >= LEAST_WORDS && scored.charged > thresholds.mostCharged) {
    return 'degenerate: a list of charged words';
  }
  return undefined;
}

function beyond(sum: number, { centre, width }: Band): -1 | 0 | 1 {
  if (sum > centre + width) return 1;
  return sum < centre - width ? -1 : 0;
}

/** The whole decides where neither half is beyond: a mild mood throughout. */
function labelOf(first: number, second: number, whole: number, positive: 'a' | 'b'): SteeringLabel {
  if (first * second < 0) return first > 0 === (positive === 'a') ? 'a to b' : 'b to a';
  const sign = first || second || whole;
  if (sign === 0) return 'none';
  return sign > 0 === (positive === 'a') ? 'a' : 'b';
}

/** @throws {AntipodeError} `usage` */
function positivePole({ poles }: JudgeSetting, list: ValenceList): 'a' | 'b' {
  const [a, b] = [nameValence(poles.a, list), nameValence(poles.b, list)];
  if (a * b < 0) return a > 0 ? 'a' : 'b';
  const said = (name: string, valence: number): string =>
    `${shownName(name)} is ${valence === 0 ? 'neither' : valence > 0 ? 'positive' : 'negative'}`;
  throw new AntipodeError(
    'usage',
    `judge lexicon: knows only positive from negative, and the poles do not differ in that (got ${said(poles.a, a)}, ${said(poles.b, b)})`,
    {
      hint: 'ask a language model: --judge MODEL@URL, or --judge model:REF for one on this machine (in a spec: judges: [MODEL@URL])',
    },
  );
}

/** Sum over the words of a name; 0 where the list has none. */
function nameValence(name: string, { valences }: ValenceList): number {
  const words = sentencesOf(name.replaceAll('/', ' ')).flat();
  return words.reduce((sum, word) => sum + (valences.get(word) ?? 0), 0);
}
