/** @file The report of an experiment as readers and programs meet it: hostile names and texts through the whole command, GitHub's Markdown, tables in DuckDB, paper; and the figures of the README. */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import { parseHTML } from 'linkedom';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visibleText } from '../../src/formats/visible_text.ts';
import {
  accessibilityProblems,
  CHROMIUM,
  openBrowser,
  openPage,
  WITHOUT_CHROMIUM,
} from '../support/browser.ts';
import { contrast } from '../support/contrast.ts';
import { isFull, onlyInFull } from '../support/effort.ts';
import { FIXTURE_SAE, makePlace, type Place, runHere } from '../support/run_command.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

const BOLD = 'One <b>|`';
const SCRIPT = '<script>document.title="pwned"</script>';
const IMAGE = '"><img src=x onerror=alert(1)>';
const LINK = '[click](javascript:alert(1)) ![x](http://example.com/x.png) www.example.com';
const CONCEPTS = [
  { concept: BOLD, a: { label: SCRIPT, features: [0, 1, 2] }, b: { label: IMAGE, features: [3, 4] } },
  { concept: LINK, a: { label: 'x', features: [17, 44] }, b: { label: 'y', features: [4, 17, 31] } },
];
const EXPLANATIONS = Array.from({ length: 64 }, (_, index) => ({
  modelId: 'm',
  layer: '0-x',
  index: String(index),
  description: [SCRIPT, IMAGE, LINK, 'a | b\n# heading\n\u202e\u001b[31m'][index % 4],
}));

/** A folder of a hostile name, and the embedded default for what is steered. */
const SPEC = `antipode: 1
title: ${JSON.stringify(`${SCRIPT} & ${IMAGE}`)}
saes:
  - { sae: "<i>saes/params.npz", concepts: pairs.json, explanations: labels.json }
  - { sae: organism/2-res-2k }
geometry: { random_pairs: 5, top: 3, draws: 99 }
steering:
  sae: organism/2-res-2k
  title: ${JSON.stringify(LINK)}
  poles: { Happy: [642], Sad: [229] }
  prompts: [${JSON.stringify(IMAGE)}]
  curve: [0.5]
  replies: 2
  examples: 12
  random: 1
  max_new_tokens: 8
`;

type Row = Record<string, unknown>;

let place: Place;
const path = (...parts: string[]): string => join(place.cwd, ...parts);
const text = (file: string): string => readFileSync(path('run', file), 'utf8');

beforeAll(async () => {
  place = makePlace();
  mkdirSync(path('<i>saes'));
  writeFileSync(path('<i>saes', 'params.npz'), readFileSync(FIXTURE_SAE));
  writeFileSync(path('pairs.json'), JSON.stringify(CONCEPTS));
  writeFileSync(path('labels.json'), JSON.stringify(EXPLANATIONS));
  writeFileSync(path('spec.yaml'), SPEC);
  const { code, stderr } = await runHere(place, ['run', 'spec.yaml', '--out', 'run', '--threads', '1']);
  expect([code, stderr.split('\n').filter((line) => line.startsWith('error'))]).toEqual([0, []]);
}, 120_000);
afterAll(() => place.remove());

const figures = (): string[] =>
  ['statistics/figures', 'steering/figures'].flatMap((folder) =>
    readdirSync(path('run', folder)).map((file) => `${folder}/${file}`),
  );

describe('R3: hostile titles, paths, concepts, labels, explanations and prompts', () => {
  it('are text in the page', () => {
    const { document } = parseHTML(text('report.html'));
    expect(document.querySelectorAll('script, img, iframe, form, base, i, b, u, [onerror]')).toHaveLength(0);
    for (const link of document.querySelectorAll('a')) expect(link.getAttribute('href')).toMatch(/^#/);
    expect(document.querySelector('h1')!.textContent).toBe(`${SCRIPT} & ${IMAGE}`);
    for (const hidden of ['\u001b', '\u202e']) expect(text('report.html').includes(hidden)).toBe(false);
  });

  it('are text in every figure', () => {
    const drawn = figures();
    // Overview, four of each SAE, labels and strengths.
    expect(drawn).toHaveLength(1 + 2 * 4 + 2);
    for (const file of drawn) {
      const { document } = parseHTML(text(file));
      expect(document.querySelectorAll('script, img, i, b, u, a, [onerror]'), file).toHaveLength(0);
    }
  });

  it('are text in Markdown as GitHub reads it, HTML allowed', () => {
    for (const file of ['report.md', 'statistics/report.md', 'steering/report.md']) {
      const { document } = parseHTML(rendered(file));
      expect(document.querySelectorAll('script, iframe, i, b, u, [onerror]'), file).toHaveLength(0);
      expect(document.querySelectorAll('a'), file).toHaveLength(0);
      for (const image of document.querySelectorAll('img'))
        expect(image.getAttribute('src')).toMatch(/^((statistics|steering)\/)?figures\/[\w.%~-]+\.svg$/);
    }
  });
});

/** By a parser of GitHub's dialect that lets HTML through, as GitHub does before it sanitises. */
function rendered(file: string): string {
  const html = micromark(text(file), {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
  });
  return `<!doctype html><body>${html}</body>`;
}

describe('R4: report.md on GitHub', () => {
  it('has every table as one, every figure, and no row that fell out of its table', () => {
    for (const file of ['report.md', 'statistics/report.md', 'steering/report.md']) {
      const source = text(file);
      const { document } = parseHTML(rendered(file));
      const rules = source.split('\n').filter((line) => /^\|( ---:? \|)+$/.test(line));
      expect(rules.length, file).toBeGreaterThan(3);
      expect(document.querySelectorAll('table'), file).toHaveLength(rules.length);
      const rows = source.split('\n').filter((line) => line.startsWith('| ')).length - rules.length;
      expect(document.querySelectorAll('tr'), file).toHaveLength(rows);
      for (const table of document.querySelectorAll('table')) {
        const widths = [...table.querySelectorAll('tr')].map((row) => row.children.length);
        expect(new Set(widths).size, file).toBe(1);
      }
      for (const paragraph of document.querySelectorAll('p, li'))
        expect(paragraph.textContent, file).not.toMatch(/^\| /);
    }
    expect(parseHTML(rendered('report.md')).document.querySelectorAll('img')).toHaveLength(figures().length);
  });
});

describe('R4: tables', () => {
  it('carry the same rows as Parquet, CSV and JSON, documented under their names; the manifest has their version', async () => {
    const schema = readFileSync(join(REPOSITORY, 'docs', 'schema.md'), 'utf8');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    for (const [folder, chapter] of [
      ['statistics', schema.split('\n# Tables of a steering run\n')[0]!],
      ['steering', schema.split('\n# Tables of a steering run\n')[1]!],
    ] as const) {
      const names = readdirSync(path('run', folder, 'tables')).filter((file) => file.endsWith('.parquet'));
      expect(names.length).toBeGreaterThan(4);
      expect(JSON.parse(text(`${folder}/manifest.json`)).schema_version).toBe(1);
      for (const name of names.map((file) => file.replace('.parquet', ''))) {
        const json = JSON.parse(text(`${folder}/tables/${name}.json`)) as Row[];
        const csv = parse(text(`${folder}/tables/${name}.csv`), { columns: true }) as Row[];
        const asText = (row: Row): Row =>
          Object.fromEntries(
            Object.entries(row).map(([key, value]) => [
              key,
              value === null ? '' : visibleText(String(value)),
            ]),
          );
        expect(csv, name).toEqual(json.map(asText));
        const file = path('run', folder, 'tables', `${name}.parquet`);
        const read = await connection.runAndReadAll(`SELECT * FROM '${file}'`);
        expect(read.getRowObjects(), name).toEqual(json);
        const section = chapter.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
        for (const column of Object.keys(json[0]!))
          expect(
            section.includes(`\`${column}\``) || column.startsWith('published_'),
            `${name}.${column}`,
          ).toBe(true);
      }
    }
    connection.closeSync();
  });

  it('answer the queries of the guide', async () => {
    const guide = readFileSync(join(REPOSITORY, 'docs', 'guide.md'), 'utf8');
    const blocks = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql!);
    const queries = blocks
      .join('')
      .replace(/^--.*$/gm, '')
      .split(';')
      .filter((query) => query.trim() !== '');
    expect(queries.length).toBeGreaterThan(2);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    for (const query of queries) {
      const here = query.replaceAll(/runs\/(organism|\*)/g, path('run').replaceAll("'", "''"));
      expect((await connection.runAndReadAll(here)).getRowObjects().length, query).toBeGreaterThan(0);
    }
    connection.closeSync();
  });

  it('R4: the page says what it was made of: versions, seed, command, and the hash of each file', () => {
    const { document } = parseHTML(text('report.html'));
    const made = document.querySelector('#made')!.textContent;
    for (const { sha256 } of JSON.parse(text('statistics/manifest.json')).inputs)
      expect(made).toContain(sha256);
    expect(made).toContain(JSON.parse(text('steering/steering.json')).model.fingerprint);
    for (const words of ['antipode run experiment.yaml', 'onnxruntime', 'seed', 'max_new_tokens: 8'])
      expect(made).toContain(words);
  });
});

describe('R2: the first screen', () => {
  it('has the question, then for each space n, mean, interval, controls with p, and a verdict', () => {
    const { document } = parseHTML(text('report.html'));
    const lead = [...document.querySelector('main')!.children].slice(0, 3);
    expect(lead[0]!.textContent).toContain('?');
    const cards = [...lead[1]!.querySelectorAll('.about')].map(({ textContent }) => textContent);
    expect(cards).toContain('organism-2-res-2k, decoder, 17 concepts, 41 pairs');
    expect(lead[1]!.textContent).toMatch(/95 % -?0\.\d+ to -?0\.\d+.*random features -?0\.\d+, p 0\.\d+/s);
    expect(lead[2]!.querySelector('desc')!.textContent).toMatch(/opposites -?0\.\d+ \(95 % /);
    expect(lead[2]!.textContent).toContain(
      '← opposite directions would be at -1; mean cosine of concept means →',
    );
  });
});

describe('R6: figures', () => {
  it('have title, description, named axes, and text of a contrast of at least 4.5 in both schemes', () => {
    for (const file of figures()) {
      const svg = text(file);
      const { document } = parseHTML(svg);
      expect(document.querySelector('title')!.textContent, file).not.toBe('');
      expect(document.querySelector('desc')!.textContent!.length, file).toBeGreaterThan(20);
      if (!file.includes('concepts-'))
        expect(svg, file).toMatch(/(cosine|replies|strength)[^<]*→<|cosine of encoder column/);
      const grounds = [...svg.matchAll(/svg\.antipode \{ color: (#\w{6}); background: (#\w{6})/g)];
      expect(grounds).toHaveLength(2);
      for (const [, ink, ground] of grounds) expect(contrast(ink!, ground!)).toBeGreaterThanOrEqual(4.5);
      // On paper there is no dark scheme.
      expect(svg).toContain('@media screen and (prefers-color-scheme: dark)');
    }
  });
});

describe.skipIf(CHROMIUM === undefined)(
  `in a browser ${CHROMIUM === undefined ? WITHOUT_CHROMIUM : ''}`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await openBrowser();
    });
    afterAll(() => browser?.close());

    it('R1 R3: the hostile report asks for nothing, runs nothing and passes axe at 360 pixels in the dark', async () => {
      const opened = await openPage(browser, path('run', 'report.html'), { width: 360, colorScheme: 'dark' });
      try {
        expect(opened.requests).toEqual([]);
        expect(opened.complaints).toEqual([]);
        expect(await opened.page.title()).toBe(`${SCRIPT} & ${IMAGE}`);
        expect(await accessibilityProblems(opened.page)).toEqual([]);
        expect(await opened.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      } finally {
        await opened.close();
      }
    });

    it('R6: on paper everything is light, unfolded and within the page, whatever the reader’s scheme', async () => {
      // A4 less its margins of 10 mm, at 96 pixels to the inch.
      const opened = await openPage(browser, path('run', 'report.html'), { width: 718, colorScheme: 'dark' });
      try {
        await opened.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
        const seen = await opened.page.evaluate(`({
          ground: getComputedStyle(document.body).backgroundColor,
          figure: getComputedStyle(document.querySelector('svg.antipode')).backgroundColor,
          wide: document.documentElement.scrollWidth,
          folded: [...document.querySelectorAll('details > :not(summary)')].filter((one) => one.getBoundingClientRect().height === 0).length,
        })`);
        expect(seen).toEqual({
          ground: 'rgb(255, 255, 255)',
          figure: 'rgb(255, 255, 255)',
          wide: 718,
          folded: 0,
        });
      } finally {
        await opened.close();
      }
    });
  },
);

describe.skipIf(!isFull)(`the default experiment ${onlyInFull('its 560 replies take half a minute')}`, () => {
  let runs: Place;
  beforeAll(async () => {
    runs = makePlace();
    const spec = join(REPOSITORY, 'experiments', 'organism.yaml');
    const { code } = await runHere(runs, ['run', spec, '--out', 'run']);
    expect(code).toBe(0);
  }, 300_000);
  afterAll(() => runs.remove());

  it('R1: its report is below 2 MB', () => {
    expect(statSync(join(runs.cwd, 'run', 'report.html')).size).toBeLessThan(2_000_000);
  });

  it('R6: draws the figures of the README (node scripts/readme_figures.mjs)', () => {
    const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
    const shown = [...readme.matchAll(/\]\((docs\/images\/organism\/([\w.-]+\.svg))\)/g)];
    expect(shown.length).toBeGreaterThan(2);
    const drawn = ['statistics', 'steering'].flatMap((stage) => {
      const folder = join(runs.cwd, 'run', stage, 'figures');
      return readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
    });
    for (const [, file, name] of shown) {
      const made = drawn.find(([own]) => own === name);
      expect(made?.[1], name).toBe(readFileSync(join(REPOSITORY, file!), 'utf8'));
    }
  });
});
