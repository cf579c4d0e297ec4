/** @file The report of an experiment, from the parts that its stages left: the verdict first, then what stands behind it, then how it was made. */

import { allPublished } from '../concepts/published.ts';
import { publishedSteering } from '../concepts/published_steering.ts';
import { type DisplayTable, type DisplayTopic, plural } from './display.ts';
import {
  type Report,
  type ReportBlock,
  type ReportSection,
  reportPage,
  type VerdictItem,
} from './html/report_page.ts';
import { escapeMarkdown, renderMarkdown } from './markdown.ts';
import type { GeometryPart, SaePart, SteeringPart } from './report_parts.ts';

export interface ExperimentReport {
  readonly title: string;
  readonly geometry: GeometryPart;
  readonly steering: SteeringPart | undefined;
  /** SVG by path below the run folder, such as `statistics/figures/population-x.svg`. */
  readonly svgs: ReadonlyMap<string, string>;
  /** How it was made, in pairs of name and value; nothing of it tells the time. */
  readonly facts: readonly (readonly [string, string])[];
  /** The files behind it. */
  readonly madeOf: DisplayTable;
  /** The spec as it was given. */
  readonly spec: string;
}

const QUESTION =
  'In word embeddings, king minus man plus woman is near queen: meanings have geometry. Do features of sparse autoencoders? If they do as words do, features of opposite concepts should point in opposite directions.';

const HOW_TO_READ =
  'Opposites: every feature of one side with every feature of the other; concepts count alike. Below each mean stand three controls: the same sets in other orders (do opposites differ from other pairs of these features?), random features in sets of the same sizes, and such as are active about as often. All p-values are two-sided; what was drawn, and how often, stands with each table, methods and limits at the end.';

const METHODS: readonly string[] = [
  'Cosines are those of the stored rows of W_dec and columns of W_enc, summed in float64. Every pair of features of a dictionary is looked at; percentiles are counted, not estimated.',
  'The statistic of the tests is the mean of the concepts’ means, so that a concept with thirty combinations counts as much as one with one. It is compared with the same sets of features in other orders, with random features in sets of the same sizes, and where firing densities are known with random features that are active about as often. All p-values are two-sided and of seeded draws; q-values over concepts control the false discovery rate (Benjamini and Hochberg). Intervals resample concepts.',
  'A difference is claimed only where every test that could be made finds it at the 5 % level and on the same side.',
];

const LIMITS: readonly string[] = [
  'What a feature stands for is what an explanation says of it. A wrong explanation makes a wrong pair, and no test here sees that.',
  'The concepts were chosen, not drawn: the result is about them, and about others only as far as they are alike.',
  'The two features of a pair of opposites are about one subject. Words of one subject are used in like places, which pulls their directions together whatever their meaning.',
];

/** One self-contained HTML document. */
export function experimentPage(report: ExperimentReport): string {
  return reportPage(contentsOf(report));
}

function contentsOf(report: ExperimentReport): Report {
  const { facts, geometry, madeOf, spec, steering, title } = report;
  const errata = errataOf(report);
  return {
    title,
    subtitle: [...geometry.saes.map(({ label }) => label), ...(steering ? [steering.title] : [])].join(', '),
    question: QUESTION,
    verdict: verdictOf(report),
    lead: [
      ...figuresOf(report, 'statistics', geometry.figures, 'overview'),
      ...geometry.saes.flatMap((sae) => tablesOf(sae, ['verdict']).map((block) => withoutNotes(block))),
      { kind: 'text', paragraphs: [HOW_TO_READ] },
    ],
    sections: [
      ...geometry.saes.map((sae, index) => saeSection(report, sae, index)),
      ...(steering ? [steeringSection(report, steering)] : []),
      {
        id: 'methods',
        title: 'Methods and limits',
        blocks: [
          { kind: 'text', paragraphs: METHODS },
          { kind: 'heading', title: 'What this cannot say' },
          { kind: 'text', paragraphs: LIMITS },
        ],
      },
      ...(errata.length > 0
        ? [
            {
              id: 'errata',
              title: 'Errata of the article',
              blocks: [
                {
                  kind: 'text' as const,
                  paragraphs: [
                    'Published numbers stand beside ours as they were printed. They are no targets.',
                  ],
                },
                { kind: 'list' as const, items: errata },
              ],
            },
          ]
        : []),
      {
        id: 'made',
        title: 'How this was made',
        blocks: [
          { kind: 'facts', facts },
          { kind: 'folded', title: madeOf.title, blocks: [{ kind: 'table', table: madeOf }] },
          { kind: 'folded', title: 'The spec', blocks: [{ kind: 'source', text: spec }] },
        ],
      },
    ],
    footer: 'Made by antipode. The tables behind every number lie beside this file as Parquet, CSV and JSON.',
  };
}

/** A card for each space says what was found, the others stand with the dictionary; one for all of steering. */
function verdictOf({ geometry, steering }: ExperimentReport): VerdictItem[] {
  const ofSaes = geometry.saes.flatMap(({ label, verdicts }) =>
    verdicts.flatMap(({ concepts, pairs, sentences: [first], space }): VerdictItem[] => {
      if (first === undefined) return [];
      const n =
        concepts === null
          ? ''
          : `, ${plural(concepts, 'concept', 'concepts')}, ${plural(pairs ?? 0, 'pair', 'pairs')}`;
      return [{ about: `${label}, ${space}${n}`, ...headlined(first) }];
    }),
  );
  return [
    ...ofSaes,
    ...(steering
      ? steering.verdict.map(({ about, sentences: [first = '', ...rest] }): VerdictItem => {
          const { details, headline } = headlined(first);
          return { about, headline, details: [...details, ...rest], isWide: true };
        })
      : []),
  ];
}

/** `No difference was found: mean cosine ...`: what was found, and its numbers. */
function headlined(sentence: string): Pick<VerdictItem, 'details' | 'headline'> {
  const at = sentence.indexOf(': ');
  return at < 0
    ? { headline: sentence, details: [] }
    : { headline: `${sentence.slice(0, at)}.`, details: [capitalised(sentence.slice(at + 2))] };
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The sentences of the verdict stand above the table already. */
function withoutNotes(block: ReportBlock): ReportBlock {
  return block.kind === 'table' ? { ...block, table: { ...block.table, notes: [] } } : block;
}

/** Of what stands beside our numbers alone. */
function errataOf({ geometry, steering }: ExperimentReport): string[] {
  const ids = geometry.saes.map(({ neuronpediaId }) => neuronpediaId);
  const ofTables = allPublished()
    .filter(({ neuronpediaId }) => ids.includes(neuronpediaId))
    .flatMap(({ footnotes }) => footnotes.map(({ text }) => text));
  const beside = steering?.tables.some(({ topic }) => topic === 'published') === true;
  const published = publishedSteering();
  return [
    ...new Set([
      ...ofTables,
      ...(beside ? [...published.arms.flatMap(({ footnotes }) => footnotes), ...published.footnotes] : []),
    ]),
  ];
}

function tablesOf(
  { neuronpediaId, tables }: Pick<SaePart, 'neuronpediaId' | 'tables'>,
  topics: readonly DisplayTopic[],
): ReportBlock[] {
  return tables
    .filter(({ topic }) => topic !== undefined && topics.includes(topic))
    .map((table) => ({ kind: 'table', table, neuronpediaId: neuronpediaId ?? undefined }));
}

function figuresOf(
  { svgs }: ExperimentReport,
  folder: string,
  figures: SaePart['figures'],
  kind: string,
): ReportBlock[] {
  return figures
    .filter((figure) => figure.kind === kind)
    .flatMap(({ caption, file }) => {
      const svg = svgs.get(`${folder}/${file}`);
      return svg === undefined ? [] : [{ kind: 'figure' as const, svg, caption }];
    });
}

/** Of the extremes at each end, unless the rest is unfolded. */
const SHOWN_ROWS = 5;

function saeSection(report: ExperimentReport, sae: SaePart, index: number): ReportSection {
  const figure = (kind: string): ReportBlock[] => figuresOf(report, 'statistics', sae.figures, kind);
  const rest = sae.verdicts.flatMap(({ space, sentences }) =>
    sentences.slice(1).map((sentence) => `In the ${space}: ${sentence}`),
  );
  return {
    id: `sae-${index + 1}`,
    title: sae.label,
    blocks: [
      ...tablesOf(sae, ['subject']),
      ...(rest.length > 0 ? [{ kind: 'list' as const, items: rest }] : []),
      ...tablesOf(sae, ['pairs']),
      ...figure('population'),
      ...figure('concepts'),
      ...tablesOf(sae, ['published']),
      { kind: 'folded', title: `Every test of ${sae.label}`, blocks: tablesOf(sae, ['tests']) },
      ...figure('two-spaces'),
      ...figure('same-feature'),
      ...tablesOf(sae, ['self']),
      ...tablesOf(sae, ['extremes']).flatMap(shortened),
      ...tablesOf(sae, ['antipodality']),
    ],
  };
}

/** Of a long table its first rows, and the first of its other half: the ends. The whole is folded below. */
function shortened(block: ReportBlock): ReportBlock[] {
  if (block.kind !== 'table' || block.table.rows.length <= 3 * SHOWN_ROWS) return [block];
  const { rows, title } = block.table;
  const half = Math.ceil(rows.length / 2);
  const shown = rows.filter((_, i) => i < SHOWN_ROWS || (i >= half && i < half + SHOWN_ROWS));
  return [
    {
      ...block,
      table: { ...block.table, title: `${title}, the first ${SHOWN_ROWS} at each end`, rows: shown },
    },
    {
      kind: 'folded',
      title: `${title}, all ${rows.length} rows`,
      blocks: [{ ...block, table: { ...block.table, notes: [] } }],
    },
  ];
}

function steeringSection(report: ExperimentReport, part: SteeringPart): ReportSection {
  const figure = (kind: string): ReportBlock[] => figuresOf(report, 'steering', part.figures, kind);
  return {
    id: 'steering',
    title: part.title,
    blocks: [
      ...tablesOf(part, ['subject']),
      ...figure('labels'),
      ...tablesOf(part, ['labels', 'published']),
      ...figure('strengths'),
      ...tablesOf(part, ['strengths']).map(
        (block): ReportBlock => ({ kind: 'folded', title: 'Numbers behind the curves', blocks: [block] }),
      ),
      { kind: 'heading', title: 'Replies as the model gives them, and steered, of the same prompt' },
      { kind: 'replies', pairs: part.replies },
      ...tablesOf(part, ['text', 'agreement']),
    ],
  };
}

/** The same for GitHub; figures by their files. */
export function experimentMarkdown(report: ExperimentReport): string {
  const { facts, geometry, steering, title } = report;
  const images = (folder: string, figures: SaePart['figures']): string =>
    figures
      .map(
        ({ caption, file, kind }) =>
          `![${escapeMarkdown(`Figure: ${kind}`)}](${encodeURI(`${folder}/${file}`)})\n\n${escapeMarkdown(caption)}\n\n`,
      )
      .join('');
  const list = (items: readonly string[]): string =>
    items.map((item) => `- ${escapeMarkdown(item)}\n`).join('');
  const errata = errataOf(report);
  return [
    `# ${escapeMarkdown(title)}\n`,
    `${escapeMarkdown(QUESTION)}\n`,
    list(
      verdictOf(report).map(({ about, details, headline }) =>
        [`${about}: ${headline}`, ...details].join(' '),
      ),
    ),
    images('statistics', geometry.figures),
    ...geometry.saes.map((sae) => `${images('statistics', sae.figures)}${renderMarkdown(sae.tables)}`),
    ...(steering ? [`${images('steering', steering.figures)}${renderMarkdown(steering.tables)}`] : []),
    `## Methods and limits\n\n${list([...METHODS, ...LIMITS])}`,
    ...(errata.length > 0 ? [`## Errata of the article\n\n${list(errata)}`] : []),
    `## How this was made\n\n${list(facts.map(([name, value]) => `${name}: ${value}`))}`,
    renderMarkdown([report.madeOf]),
  ].join('\n');
}
