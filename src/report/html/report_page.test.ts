import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessibilityProblems,
  CHROMIUM,
  openBrowser,
  openPage,
  WITHOUT_CHROMIUM,
} from '../../../test/support/browser.ts';
import { left, right } from '../display.ts';
import { twoSpacesFigure } from '../plots/two_spaces_figure.ts';
import { type Report, reportPage } from './report_page.ts';

const HOSTILE = [
  '<script>document.title="pwned"</script>',
  '<img src=x onerror="document.title=1">',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  'javascript:alert(1)',
  '&lt;b&gt; &amp; \u0000\u001b[31m\u202e',
  '</style><style>body{display:none}</style>',
  ']]><!--',
];

async function hostileReport(text: string): Promise<Report> {
  const pair = { group: 'antonym', featureA: 1, featureB: 2, cos: -0.2, cosOther: 0.3, name: text } as const;
  const svg = await twoSpacesFigure({
    label: text,
    spaces: [{ space: 'decoder', bins: [], allPairs: 0, pairs: [pair] }],
  });
  return {
    title: text,
    subtitle: text,
    question: text,
    verdict: [{ about: text, headline: text, details: [text], isWide: true }],
    lead: [{ kind: 'text', paragraphs: [text] }],
    sections: [
      {
        id: 'all',
        title: text,
        blocks: [
          { kind: 'heading', title: text },
          { kind: 'list', items: [text] },
          { kind: 'figure', svg: svg!, caption: text },
          {
            kind: 'table',
            neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k',
            table: {
              title: text,
              columns: [left('Explanation'), right('Cosine'), left('Feature Pair')],
              rows: [[text, text, text]],
              notes: [text],
            },
          },
          { kind: 'replies', pairs: [{ arm: text, label: text, plain: text, steered: text }] },
          { kind: 'facts', facts: [[text, text]] },
          { kind: 'folded', title: text, blocks: [{ kind: 'text', paragraphs: [text] }] },
        ],
      },
    ],
    footer: text,
  };
}

const PLAIN: Report = {
  title: 'Do opposite concepts point in opposite directions?',
  subtitle: 'Two dictionaries',
  question: 'Do they?',
  verdict: [{ about: 'Two dictionaries', headline: 'They do not.', details: [] }],
  lead: [],
  sections: [
    {
      id: 'pairs',
      title: 'Concept pairs',
      blocks: [
        {
          kind: 'table',
          neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k',
          table: {
            title: 'Pairs',
            columns: [
              left('Relation'),
              right('Cosine'),
              left('Feature Pair'),
              right('Feature'),
              left('Empty'),
            ],
            rows: [['Strongest Opposition', '-0.07435', '[15216, 2604]', '5444', '']],
            notes: ['One note.'],
          },
        },
        { kind: 'replies', pairs: [{ arm: '+Happy', label: 'Happy Steering', plain: 'Fine.', steered: '' }] },
      ],
    },
  ],
  footer: 'antipode',
};

describe('R3 untrusted text', () => {
  it.each(HOSTILE)('is text wherever it stands: %j', async (text) => {
    const page = reportPage(await hostileReport(text));
    const { document } = parseHTML(page);
    expect(
      document.querySelectorAll(
        'script, iframe, object, embed, form, base, img, [onerror], [onload], [onmouseover]',
      ),
    ).toHaveLength(0);
    const elements = [...document.querySelectorAll('*')];
    expect(
      elements.flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith('on')),
    ).toEqual([]);
    for (const link of document.querySelectorAll('a'))
      expect(link.getAttribute('href')).toMatch(/^(#|https:\/\/www\.neuronpedia\.org\/)/);
    for (const hidden of ['\u0000', '\u001b', '\u202e']) expect(page.includes(hidden)).toBe(false);
    // Two sheets of ours: the page's, and that of figures.
    expect(document.querySelectorAll('style')).toHaveLength(2);
  });
});

describe('R3 features', () => {
  it('link to their page where the dictionary has one', () => {
    const { document } = parseHTML(reportPage(PLAIN));
    expect([...document.querySelectorAll('td a')].map((link) => link.getAttribute('href'))).toEqual(
      [15216, 2604, 5444].map(
        (feature) => `https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/${feature}`,
      ),
    );
    expect([...document.querySelectorAll('th')].map((head) => head.textContent)).toEqual([
      'Relation',
      'Cosine',
      'Feature Pair',
      'Feature',
    ]);
  });

  it('do not where it has none', () => {
    const [section] = PLAIN.sections;
    const blocks = section!.blocks.map((block) =>
      block.kind === 'table' ? { kind: 'table' as const, table: block.table } : block,
    );
    expect(reportPage({ ...PLAIN, sections: [{ ...section!, blocks }] })).not.toContain('neuronpedia.org');
  });
});

it('R1 the same contents give the same bytes, and nothing in them names another place', () => {
  const page = reportPage(PLAIN);
  expect(reportPage(PLAIN)).toBe(page);
  expect(page).toMatch(/^<!doctype html>/);
  const policy = parseHTML(page).document.querySelector('meta[http-equiv]')?.getAttribute('content');
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
  );
  expect(page.replace(/href="https:\/\/www\.neuronpedia\.org[^"]*"/g, '')).not.toMatch(/https?:|src=|url\(/);
});

describe.skipIf(CHROMIUM === undefined)(
  `in a browser ${CHROMIUM === undefined ? WITHOUT_CHROMIUM : ''}`,
  () => {
    let browser: Browser;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'antipode-page-'));
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await rm(folder, { recursive: true, force: true });
    });

    it.each([
      { width: 1280, colorScheme: 'light' },
      { width: 360, colorScheme: 'dark' },
    ] as const)(
      'R1 asks for nothing, complains of nothing, and reads at $width pixels in $colorScheme',
      async (options) => {
        const path = join(folder, `${options.width}.html`);
        const hostile = await hostileReport(HOSTILE[0]!);
        await writeFile(
          path,
          reportPage({
            ...PLAIN,
            sections: [...PLAIN.sections, { ...hostile.sections[0]!, title: 'Hostile' }],
          }),
        );
        const { page, requests, complaints, close } = await openPage(browser, path, options);
        try {
          expect(requests).toEqual([]);
          expect(complaints).toEqual([]);
          expect(await page.title()).toBe(PLAIN.title);
          expect(await accessibilityProblems(page)).toEqual([]);
          const wide = await page.evaluate('document.documentElement.scrollWidth');
          expect(wide).toBeLessThanOrEqual(options.width);
          const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
          expect(ground).toBe(options.colorScheme === 'dark' ? 'rgb(23, 23, 27)' : 'rgb(255, 255, 255)');
        } finally {
          await close();
        }
      },
    );
  },
);
