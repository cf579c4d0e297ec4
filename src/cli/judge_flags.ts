/** @file How the commands that label replies say who labels them. Loaded with every command, so that it imports little; judges are opened in `judge_options.ts`. */

import type { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import { DEFAULT_ANSWER_TOKENS } from '../judge/few_shot.ts';
import { collect, integerOption, numberOption } from './options.ts';

/** Who labels, as the user named it. */
export type JudgeName =
  | { readonly kind: 'lexicon' }
  | { readonly kind: 'endpoint'; readonly model: string; readonly url: string }
  | { readonly kind: 'model'; readonly ref: string };

/** As the options are read; `judgeNames` makes names of them. */
export interface JudgeFlags {
  readonly judge?: readonly string[];
  readonly judgeEndpoint?: string;
  readonly judgeModel?: string;
  readonly passes: number;
  readonly judgeConcurrency: number;
  readonly judgeTokens: number;
  readonly judgePriceIn?: number;
  readonly judgePriceOut?: number;
  /** Of `antipode judge` alone. */
  readonly again?: boolean;
}

/** As `--help` says them; what experiments run with. */
export const JUDGE_DEFAULTS: Pick<JudgeFlags, 'judgeConcurrency' | 'judgeTokens' | 'passes'> = {
  passes: 1,
  judgeConcurrency: 4,
  judgeTokens: DEFAULT_ANSWER_TOKENS,
};

const NAMES = 'lexicon, MODEL@URL, or model:FOLDER';

export function addJudgeOptions(command: Command): Command {
  return command
    .option(
      '--judge <name>',
      'who labels: lexicon (offline), MODEL@URL of an OpenAI-compatible endpoint (key in OPENAI_API_KEY), or model:REF for a model on this machine; may be repeated (default: lexicon)',
      collect,
    )
    .option('--judge-endpoint <url>', 'of a judge, as http://127.0.0.1:8080/v1')
    .option('--judge-model <name>', 'the model at --judge-endpoint')
    .option(
      '--passes <count>',
      'times that each judge labels everything, in other orders and with other examples',
      integerOption('--passes', 1, 9),
      JUDGE_DEFAULTS.passes,
    )
    .option(
      '--judge-concurrency <count>',
      'requests under way at a time',
      integerOption('--judge-concurrency', 1, 64),
      JUDGE_DEFAULTS.judgeConcurrency,
    )
    .option(
      '--judge-tokens <count>',
      'tokens of one answer; models that think before they answer need thousands',
      integerOption('--judge-tokens', 16, 100_000),
      JUDGE_DEFAULTS.judgeTokens,
    )
    .option(
      '--judge-price-in <price>',
      'of a million tokens of questions, in any currency: shows what an endpoint costs',
      numberOption('--judge-price-in', 0, 1e6),
    )
    .option(
      '--judge-price-out <price>',
      'of a million tokens of answers',
      numberOption('--judge-price-out', 0, 1e6),
    );
}

/**
 * All judges that are named, in order; the lexicon where none is.
 * @throws {AntipodeError} `usage` for a name that is none, one that is given twice, or half an endpoint
 */
export function judgeNames({ judge = [], judgeEndpoint: url, judgeModel: model }: JudgeFlags): JudgeName[] {
  const names = judge.map(parseJudgeName);
  if (url !== undefined && model !== undefined) names.push({ kind: 'endpoint', model, url });
  else if (url !== undefined || model !== undefined) {
    const missing = url === undefined ? '--judge-endpoint' : '--judge-model';
    throw new AntipodeError('usage', `${missing}: is missing`, {
      hint: 'give both, or --judge MODEL@URL, or neither for the lexicon',
    });
  }
  const texts = names.map((name) => JSON.stringify(name));
  if (new Set(texts).size < texts.length) {
    throw new AntipodeError('usage', '--judge: the same judge is named twice', {
      hint: '--passes 2 lets it label everything again',
    });
  }
  return names.length === 0 ? [{ kind: 'lexicon' }] : names;
}

/** @throws {AntipodeError} `usage` */
export function parseJudgeName(text: string): JudgeName {
  if (text === 'lexicon') return { kind: 'lexicon' };
  if (text.startsWith('model:') && text.length > 'model:'.length) {
    return { kind: 'model', ref: text.slice('model:'.length) };
  }
  const at = text.search(/@https?:\/\//i);
  if (at > 0) return { kind: 'endpoint', model: text.slice(0, at), url: text.slice(at + 1) };
  throw new AntipodeError('usage', `--judge: got ${wrongName(text)}, expected ${NAMES}`, {
    hint: '--judge lexicon needs nothing else; --judge gpt-4o@https://api.openai.com/v1 asks an endpoint',
  });
}

/** Addresses are not repeated: they may hold a key. */
function wrongName(text: string): string {
  if (/^@?[a-z][a-z0-9+.-]*:\/\//i.test(text)) return 'an address without a model';
  const scheme = /@([a-z][a-z0-9+.-]{0,20}):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) return `an address of ${scheme}:// (its scheme has to be http:// or https://)`;
  if (/.@./.test(text)) return 'an address without http:// or https:// in front';
  return shownName(text);
}
