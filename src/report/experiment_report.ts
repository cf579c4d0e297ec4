/** @file The report of an experiment, from the parts that its stages left: the verdict first, then what stands behind it, then how it was made. */

import type { DisplayTable, DisplayTopic } from './display.ts';
import { type Report, type ReportBlock, type ReportSection, reportPage } from './html/report_page.ts';
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
  /** The spec as it was given. */
  readonly spec: string;
}

const QUESTION =
  'In word embeddings, king minus man plus woman is near queen: meanings have geometry. Do features of sparse autoencoders? If they do as words do, features of opposite concepts should point in opposite directions.';

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
  const { facts, geometry, spec, steering, title } = report;
  return {
    title,
    subtitle: geometry.saes.map(({ label }) => label).join(', '),
    verdict: verdictOf(report),
    lead: [
      { kind: 'text', paragraphs: [QUESTION] },
      ...geometry.saes.flatMap((sae) => tablesOf(sae, ['verdict']).map((block) => withoutNotes(block))),
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
      {
        id: 'made',
        title: 'How this was made',
        blocks: [
          { kind: 'facts', facts },
          { kind: 'folded', title: 'The spec', blocks: [{ kind: 'source', text: spec }] },
        ],
      },
    ],
    footer: 'Made by antipode. The tables behind every number lie beside this file as Parquet, CSV and JSON.',
  };
}

/** A sentence for each space says what was found; the others stand with the dictionary. */
function verdictOf({ geometry, steering }: ExperimentReport): string[] {
  const ofSaes = geometry.saes.flatMap(({ label, verdicts }) =>
    verdicts.flatMap(({ space, sentences: [first] }) =>
      first === undefined ? [] : [`${label}, ${space}: ${first}`],
    ),
  );
  return [...ofSaes, ...(steering?.verdict ?? [])];
}

/** The sentences of the verdict stand above the table already. */
function withoutNotes(block: ReportBlock): ReportBlock {
  return block.kind === 'table' ? { ...block, table: { ...block.table, notes: [] } } : block;
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
    .flatMap(({ file }) => {
      const svg = svgs.get(`${folder}/${file}`);
      return svg === undefined ? [] : [{ kind: 'figure' as const, svg }];
    });
}

function saeSection(report: ExperimentReport, sae: SaePart, index: number): ReportSection {
  const figure = (kind: string): ReportBlock[] => figuresOf(report, 'statistics', sae.figures, kind);
  const rest = sae.verdicts.flatMap(({ space, sentences }) =>
    sentences.slice(1).map((sentence) => `${space}: ${sentence}`),
  );
  return {
    id: `sae-${index + 1}`,
    title: sae.label,
    blocks: [
      ...tablesOf(sae, ['subject']),
      { kind: 'text', paragraphs: rest },
      ...tablesOf(sae, ['pairs']),
      ...figure('population'),
      ...figure('concepts'),
      ...tablesOf(sae, ['tests', 'published']),
      ...figure('two-spaces'),
      ...figure('same-feature'),
      ...tablesOf(sae, ['self', 'extremes', 'antipodality']),
    ],
  };
}

function steeringSection(report: ExperimentReport, part: SteeringPart): ReportSection {
  return {
    id: 'steering',
    title: part.title,
    blocks: [
      ...tablesOf(part, ['subject', 'labels']),
      ...figuresOf(report, 'steering', part.figures, 'labels'),
      ...figuresOf(report, 'steering', part.figures, 'strengths'),
      ...tablesOf(part, ['strengths', 'text', 'published', 'agreement']),
      { kind: 'heading', title: 'Replies, as the model gives them and steered, of the same seeds' },
      { kind: 'replies', pairs: part.replies },
    ],
  };
}

/** The same for GitHub; figures by their files. */
export function experimentMarkdown(report: ExperimentReport): string {
  const { facts, geometry, steering, title } = report;
  const images = (folder: string, figures: SaePart['figures']): string =>
    figures
      .map(({ file, kind }) => `![${escapeMarkdown(kind)}](${encodeURI(`${folder}/${file}`)})\n\n`)
      .join('');
  const list = (items: readonly string[]): string =>
    items.map((item) => `- ${escapeMarkdown(item)}\n`).join('');
  const tables = (all: readonly DisplayTable[]): string => renderMarkdown(all);
  return [
    `# ${escapeMarkdown(title)}\n`,
    `${list(verdictOf(report))}`,
    ...geometry.saes.map((sae) => `${images('statistics', sae.figures)}${tables(sae.tables)}`),
    ...(steering ? [`${images('steering', steering.figures)}${tables(steering.tables)}`] : []),
    `## Methods and limits\n\n${list([...METHODS, ...LIMITS])}`,
    `## How this was made\n\n${list(facts.map(([name, value]) => `${name}: ${value}`))}`,
  ].join('\n');
}
