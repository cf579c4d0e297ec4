import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { allPublished } from '../concepts/published.ts';
import { type DisplayTable, left, right } from './display.ts';
import { type ExperimentReport, experimentMarkdown, experimentPage } from './experiment_report.ts';

const table = (title: string, topic: DisplayTable['topic'], rows: number): DisplayTable => ({
  title,
  topic: topic!,
  columns: [right('Cosine'), left('Feature Pair')],
  rows: Array.from({ length: rows }, (_, i) => [(i / 100).toFixed(5), `[${i}, ${i + 1}]`]),
  notes: [],
});

/** A run on one of the article's dictionaries. */
function reportOf(
  neuronpediaId: string | null,
  sentences: readonly string[] = ['Opposites lean apart: mean cosine -0.100.', 'It hangs on nothing.'],
): ExperimentReport {
  return {
    title: 'T',
    geometry: {
      part: 'geometry',
      figures: [],
      saes: [
        {
          label: 'mine',
          neuronpediaId,
          verdicts: [{ space: 'decoder', concepts: 1, pairs: 134, sentences }],
          tables: [table('Pairs', 'pairs', 3), table('Extremes', 'extremes', 40)],
          figures: [],
        },
      ],
    },
    steering: undefined,
    svgs: new Map(),
    facts: [['seed', '0']],
    madeOf: { title: 'Files', columns: [left('File')], rows: [['a.npz']], notes: [] },
    spec: 'antipode: 1\n',
  };
}

type Parsed = ReturnType<typeof parseHTML>['document'];

function parsed(report: ExperimentReport): Parsed {
  return parseHTML(experimentPage(report)).document;
}

describe('R3: features of the article’s dictionaries', () => {
  it('link to their page at Neuronpedia, in the folded rows too', () => {
    const links = [...parsed(reportOf('gemma-2-2b/20-gemmascope-res-16k')).querySelectorAll('td a')];
    expect(links[0]!.getAttribute('href')).toBe(
      'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/0',
    );
    // Three pairs, the first five at each end, and all forty: two features each.
    expect(links).toHaveLength(2 * (3 + 10 + 40));
    expect(parsed(reportOf(null)).querySelectorAll('td a')).toHaveLength(0);
  });
});

describe('R5: the article’s errata', () => {
  it.each(allPublished())(
    'stand in a report on $neuronpediaId, those of this dictionary alone',
    (published) => {
      const report = reportOf(published.neuronpediaId);
      const items = [...parsed(report).querySelectorAll('#errata li')].map(({ textContent }) => textContent);
      expect(items).toEqual(published.footnotes.map(({ text }) => text));
      expect(experimentMarkdown(report)).toContain('## Errata of the article');
    },
  );

  it('do not stand where none of its numbers does', () => {
    expect(parsed(reportOf('organism/1-res-2k')).querySelector('#errata')).toBeNull();
    expect(experimentMarkdown(reportOf(null))).not.toContain('Errata');
  });
});

describe('R2: the card of a finding', () => {
  it('has of how many, the finding, and its numbers; what it hangs on stands with the dictionary', () => {
    const document = parsed(reportOf(null));
    const [card] = [...document.querySelectorAll('.verdict > div')];
    expect([...card!.querySelectorAll('p')].map(({ textContent }) => textContent)).toEqual([
      'mine, decoder, 1 concept, 134 pairs',
      'Opposites lean apart.',
      'Mean cosine -0.100.',
    ]);
    expect(document.querySelector('#sae-1 li')!.textContent).toBe('In the decoder: It hangs on nothing.');
  });

  it('is the sentence whole where it has no numbers, and none where nothing was tested', () => {
    const [card] = [...parsed(reportOf(null, ['Nothing.'])).querySelectorAll('.verdict > div')];
    expect([...card!.querySelectorAll('p')].map(({ textContent }) => textContent).slice(1)).toEqual([
      'Nothing.',
    ]);
    expect(parsed(reportOf(null, [])).querySelectorAll('.verdict > div')).toHaveLength(0);
  });
});

it('a long table shows the first five of each end, and all of them unfolded', () => {
  const tables = [...parsed(reportOf(null)).querySelectorAll('#sae-1 table')];
  const captions = tables.map((one) => one.querySelector('caption')!.textContent);
  expect(captions).toEqual(['Pairs', 'Extremes, the first 5 at each end', 'Extremes']);
  const cosines = (at: number): string[] =>
    [...tables[at]!.querySelectorAll('tbody td:first-child')].map(({ textContent }) => textContent!);
  expect(cosines(1)).toEqual([0, 1, 2, 3, 4, 20, 21, 22, 23, 24].map((i) => (i / 100).toFixed(5)));
  expect(cosines(2)).toHaveLength(40);
  expect(tables[2]!.closest('details')!.querySelector('summary')!.textContent).toBe('Extremes, all 40 rows');
});
