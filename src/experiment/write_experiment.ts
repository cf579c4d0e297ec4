/** @file Writes an experiment's spec for somebody's own dictionaries, with what each key means beside it: the start of `antipode init`. */

import { stringify } from 'yaml';
import type { ExperimentSae } from './experiment_spec.ts';

export interface NewExperiment {
  readonly title: string | undefined;
  /** Address of the JSON schema, for editors; none is named where left out. */
  readonly schema?: string;
  readonly saes: readonly Pick<ExperimentSae, 'sae' | 'concepts'>[];
  /** Undefined: no replies are steered, and how they could be stands there as comments. */
  readonly steering: NewSteering | undefined;
}

export interface NewSteering {
  readonly model: string | undefined;
  /** One of the dictionaries. */
  readonly sae: string;
  /** `happy:sad`. */
  readonly pair: string;
  /** Behind which the SAE reads; said by its files where left out. */
  readonly layer?: number | undefined;
  /** Where the pair is looked up; the SAE's own catalogue where left out. */
  readonly concepts?: string | undefined;
}

/** YAML that `parseExperiment` takes, ending in a line break. */
export function writeExperiment({ title, schema, saes, steering }: NewExperiment): string {
  return `${schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`}# An experiment of antipode. Check it, then run it:
#   antipode run FILE --dry-run
#   antipode run FILE
# Keys behind a # have their default.

antipode: 1                      # the version of this form
${title === undefined ? '# title: of the report' : `title: ${quoted(title)}`}
seed: 0                          # of random pairs, tests and replies

saes:                            # one or more: a known id (antipode sae list), a folder or a file
${saes.map(saeEntry).join('\n')}

geometry:
  spaces: [encoder, decoder]
  random_pairs: 20               # the article's baseline; the whole population stands beside it
  top: 100                       # extreme pairs kept at each end
  draws: 10000                   # of every test

${steering ? steeringEntry(steering, '') : steeringEntry({ model: undefined, ...saes[0]!, pair: 'happy:sad' }, '# ')}`;
}

function saeEntry({ concepts, sae }: NewExperiment['saes'][number]): string {
  return [
    `  - sae: ${quoted(sae)}`,
    concepts === undefined
      ? '    # concepts: pairs.yaml       # pairs of opposites: a catalogue (antipode concepts list) or your file; its own catalogue if it has one'
      : `    concepts: ${quoted(concepts)}`,
    '    # explanations: ...          # what its features stand for; what is imported for it',
  ].join('\n');
}

/** @param mark before each line, `# ` where nothing is steered yet */
function steeringEntry({ concepts, layer, model, sae, pair }: NewSteering, mark: string): string {
  return [
    'steering:                        # replies pushed along two opposites; docs/steering.md has every key',
    model === undefined
      ? '  # model: org/name              # in the Hugging Face cache, or a folder; the embedded one if left out'
      : `  model: ${quoted(model)}`,
    `  sae: ${quoted(sae)}`,
    layer === undefined
      ? '  # layer: 20                    # behind which it reads, where its files do not say it'
      : `  layer: ${layer}`,
    ...(concepts === undefined ? [] : [`  concepts: ${quoted(concepts)}`]),
    `  pair: ${quoted(pair)}              # of the concepts; or poles: { Happy: [642], Sad: [229] }`,
    '  prompts: [How are you?]',
    '  method: add                    # project-out, orthogonal or clamp',
    '  # unit: absolute               # mean-norm, max-activation; antipode steer calibrate finds strengths that steer',
    '  # strength: 100',
    '  # curve: [0.5, 1.5]            # multiples of it: each pole alone, for labels against strength',
    '  replies: 20                    # per arm and prompt',
    '  judges: [lexicon]              # MODEL@URL asks an endpoint, model:REF a language model of yours',
  ]
    .map((line) => `${mark}${line}\n`)
    .join('');
}

/** On one line, in quotes where YAML would read something else. A string of JSON is one of YAML. */
function quoted(text: string): string {
  if (/[\r\n]/.test(text)) return JSON.stringify(text);
  return stringify(text, { lineWidth: 0, defaultStringType: 'PLAIN', blockQuote: false }).trimEnd();
}
