import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCsv } from '../formats/csv.ts';
import { rowsOf, type Table } from '../formats/table.ts';
import { agreement } from '../judge/agreement.ts';
import type { JudgedLabel } from '../judge/labels.ts';
import { outcome } from '../judge/outcome.ts';
import type { ReplyVerdict } from '../judge/verdicts_file.ts';
import { articleArms } from '../steering/article_arms.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import { formatP } from './display.ts';
import { renderMarkdown } from './markdown.ts';
import { labelsFigure } from './plots/labels_figure.ts';
import { steeringDisplay } from './steering_display.ts';
import { writeSteeringFolder } from './steering_folder.ts';
import type { JudgedPass, SteeringSubject } from './steering_subject.ts';
import { steeringTables } from './steering_tables.ts';
import { renderText } from './text.ts';

const poles = { a: { name: 'Happy', features: [1] }, b: { name: 'Sad', features: [2, 3] } };
const arms = articleArms(poles, { strength: 2, random: 1, matched: true });

/** What steered models write, and what nobody expects. */
const HOSTILE = [
  '',
  ' \n\t ',
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '| a | b |\n|---|---|\n# heading [link](http://example.com) `code` **bold**',
  '\u001b[2J\u0007\u0000\u009b31m\u202e\u2028',
  'a'.repeat(100_000),
  '"quoted", with ; and \r\n line breaks',
  '=HYPERLINK("http://example.com")',
  '\ud800 lone',
  '😀 ❤️ 幸せ',
];

const records: ReplyRecord[] = arms.flatMap(({ name, kind }, a) =>
  HOSTILE.map((text, reply) => ({
    id: `${name}/0/${reply}`,
    arm: name,
    prompt: 0,
    reply,
    seed: a * 100 + reply,
    text,
    tokens: text === '' ? [] : [5, 6, 7],
    end: 'length' as const,
    unsteered_mean_log_probability: text === '' ? null : -1 - a / 10,
    steered: kind === 'control' || kind === 'examples' ? [] : [[0, 4] as const],
    positions: 4,
    distinct_1: text.trim() === '' ? null : 1,
    distinct_2: null,
    repetition: reply === 5 ? 1 : 0,
    activations: { a: [0, 1, 2, 3], b: [0, 0, 0, 0.5] },
  })),
);

function passOf(judge: string, pass: number, label: (record: ReplyRecord) => JudgedLabel): JudgedPass {
  const verdicts = new Map<string, ReplyVerdict>(
    records
      .filter(({ arm }) => arm !== 'examples')
      .map((record) => [record.id, { id: record.id, label: label(record), reason: record.text }]),
  );
  return {
    judge,
    title: `judge <${judge}>`,
    pass,
    verdicts,
    outcome: outcome(records, verdicts, { poles, arms }),
  };
}

const first = passOf('one', 1, ({ arm, reply }) =>
  reply < 2 ? 'unlabelled' : arm.startsWith('+Happy') ? 'a' : 'none',
);
const second = passOf('one', 2, ({ arm }) => (arm.startsWith('+Happy') ? 'b to a' : 'none'));

const subject: SteeringSubject = {
  model: 'organism',
  sae: 'organism-2-res-2k',
  place: 'behind layer 2',
  neuronpediaId: 'organism/2-res-2k',
  poles,
  prompts: ['How are <b>you</b>?'],
  unit: 'absolute',
  method: 'add',
  positions: 'all',
  strength: 2,
  meanNorm: undefined,
  seed: 0,
  sampling: 'temperature 1',
  arms: arms.map((arm) => ({
    arm,
    length: arm.parts.length * 2,
    coefficients: arm.parts.flatMap(({ features, strength }) =>
      features.map((feature) => ({ feature, coefficient: strength })),
    ),
  })),
  records,
  judged: [first, second],
  agreements: [{ first, second, agreement: agreement(first.verdicts, second.verdicts) }],
  notes: [],
};

const tables = steeringTables(subject);
const table = (name: string): Table => tables.find((one) => one.name === name)!;
const display = steeringDisplay(subject, { shownReplies: 20 });

describe('tables of a steering run', () => {
  it('hold nothing in Markdown and CSV that a terminal would obey or a reader not see', () => {
    for (const text of [renderMarkdown(display), ...tables.map(writeCsv)]) {
      expect(text.match(/(?![\t\r\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu)).toBeNull();
    }
    expect(renderMarkdown(display)).toContain('\\\\u\\{1b\\}');
    expect(writeCsv(table('replies'))).toContain('\\u{1b}[2J\\u{7}\\u{0}\\u{9b}31m\\u{202e}\\u{2028}');
  });

  it('say how many texts an arm has where replies coincide', () => {
    const same = records.map((record) => ({
      ...record,
      text: record.arm === '+Happy' ? 'I am.' : record.text,
    }));
    const pass = { ...first, outcome: outcome(same, first.verdicts, { poles, arms }) };
    const copied = { ...subject, records: same, judged: [pass], agreements: [] };
    const rows = rowsOf(steeringTables(copied)[0]!);
    const of = (arm: string): unknown => rows.find((row) => row['arm'] === arm)?.['distinct_texts'];
    expect([of('+Happy'), of('+Sad')]).toEqual([1, HOSTILE.length]);
    expect(renderMarkdown(steeringDisplay(copied, { shownReplies: 0 }))).toMatch(
      /^\| \+Happy \| 1 of 10 \|/m,
    );
    expect(renderMarkdown(display)).not.toContain('Texts');
  });

  it('have a row per judge, pass and arm, with labels that sum up and the article’s beside them', () => {
    const rows = rowsOf(table('arms'));
    expect(rows).toHaveLength(2 * (arms.length - 1));
    const happy = rows.find((row) => row['arm'] === '+Happy' && row['pass'] === 1)!;
    expect(happy).toMatchObject({
      label_a: 8,
      unlabelled: 2,
      net: 'Happy Steered (8/10)',
      published_label_a: 7,
    });
    expect(happy).toMatchObject({ added_length: 2, published_net: 'Neutral (10/20)', own_pole: 'a' });
    const turned = rows.find((row) => row['arm'] === '+Happy' && row['pass'] === 2)!;
    expect(turned).toMatchObject({ label_b_to_a: 10, ends_a: 10 });
  });

  it('keep every reply as it is, empty and huge ones too, and every position', () => {
    const rows = rowsOf(table('replies'));
    expect(rows.slice(0, HOSTILE.length).map((row) => row['text'])).toEqual(HOSTILE);
    expect(rows.map((row) => row['steered_positions'])).toContain('0-3');
    const activations = rowsOf(table('activations'));
    expect(activations).toHaveLength(4 * records.length);
    expect(activations.filter((row) => row['id'] === '+Happy/0/3').map((row) => row['is_reply'])).toEqual([
      false,
      false,
      true,
      true,
    ]);
    // Without tokens all positions are the prompt's.
    expect(activations.filter((row) => row['id'] === '+Happy/0/0').map((row) => row['is_reply'])).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('show the article’s beside what was done as it was done there, whatever it is called', () => {
    const published = (other: Partial<SteeringSubject>): unknown =>
      rowsOf(steeringTables({ ...subject, ...other })[0]!).find(({ arm }) => arm === '+Happy')?.[
        'published_net'
      ];
    expect(published({})).toBe('Neutral (10/20)');
    expect(published({ method: 'clamp' })).toBeNull();
    const happy = subject.arms.find(({ arm }) => arm.name === '+Happy')!;
    const instead = (one: typeof happy): Partial<SteeringSubject> => ({
      arms: subject.arms.map((arm) => (arm === happy ? one : arm)),
    });
    expect(published(instead({ ...happy, length: 0 }))).toBeNull();
    for (const parts of [[{ features: [1], strength: -2 }], [{ features: [2], strength: 2 }]]) {
      expect(published(instead({ ...happy, arm: { ...happy.arm, parts } }))).toBeNull();
    }
  });

  it('of a run that nobody judged have arms without labels', () => {
    const nobody: JudgedPass = { ...passOf('', 1, () => 'none'), verdicts: new Map() };
    const unjudged = { ...nobody, outcome: outcome(records, new Map(), { poles, arms }) };
    const rows = rowsOf(steeringTables({ ...subject, judged: [unjudged], agreements: [] })[0]!);
    expect(rows[0]).toMatchObject({
      judge: null,
      pass: null,
      net: null,
      unjudged: 10,
      nll: expect.any(Number),
    });
    const titles = steeringDisplay({ ...subject, judged: [unjudged], agreements: [] }, { shownReplies: 1 });
    expect(titles.map(({ title }) => title)).toEqual([
      'Steering Happy and Sad: organism',
      'What is left of the text',
      'Beside the article',
      'Replies',
    ]);
  });
});

describe('the report', () => {
  it('as Markdown has no HTML, link or table of a reply', () => {
    const markdown = renderMarkdown(display);
    expect(markdown).not.toMatch(/<(?!br)[a-z]/i);
    expect(markdown).not.toContain('](http');
    expect(markdown).toContain('\\(nothing\\)');
    expect(Buffer.byteLength(markdown)).toBeLessThan(200_000);
  });

  it('as text has no control character, and says which arms are no text any more', () => {
    const text = renderText(display, {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      sanitize: (cell) => cell.replace(/[\u0000-\u001f\u007f-\u009f\u202e]/g, '?'),
      bold: (cell) => cell,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('Labels by judge <one>, pass 2');
    expect(text).toMatch(/replies have no label/);
    expect(text).toMatch(/\[1\] The article’s text|\[1\] The article's text/);
  });

  it('as a figure is XML with every arm, in a size that its legend fits', async () => {
    const svg = await labelsFigure(subject, first);
    expect(svg).toContain('<title>Labels by judge &lt;one&gt;</title>');
    for (const { name, kind } of arms) if (kind !== 'examples') expect(svg).toContain(`>${name}<`);
    expect(svg).not.toMatch(/\d\.\d{3,}/);
    const width = Number(/viewBox="0 0 (\d+)/.exec(svg)![1]);
    for (const [, x] of svg.matchAll(/<text class="legend" x="(\d+)"/g))
      expect(Number(x)).toBeLessThan(width - 50);
    expect(await labelsFigure(subject, first)).toBe(svg);
  });

  it.each([
    [0.3812, '0.38'],
    [1, '1.00'],
    [0.0213, '0.021'],
    [0.00099, '0.00099'],
    [0.000012, '<0.0001'],
    [Number.NaN, ''],
  ])('shows p = %d as %j', (p, shown) => {
    expect(formatP(p)).toBe(shown);
  });
});

describe('the folder', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'antipode-steering-'));
    await writeFile(join(dir, 'replies.jsonl'), '{}\n');
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const write = (some: readonly Table[]): Promise<void> =>
    writeSteeringFolder(dir, {
      tables: some,
      figures: new Map([['labels.svg', '<svg/>']]),
      reportMarkdown: '# T\n',
      kept: ['replies.jsonl'],
      facts: { schema: 'steering' },
    });

  it('is written again over itself; what is no longer made goes, what is not ours stays', async () => {
    await write([table('arms'), table('agreement')]);
    await writeFile(join(dir, 'tables', 'notes.txt'), 'mine');
    await write([table('arms')]);
    expect((await readdir(join(dir, 'tables'))).sort()).toEqual([
      'arms.csv',
      'arms.json',
      'arms.parquet',
      'notes.txt',
    ]);
    expect(await readFile(join(dir, 'replies.jsonl'), 'utf8')).toBe('{}\n');
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as {
      outputs: { file: string }[];
    };
    expect(manifest.outputs.map(({ file }) => file)).toContain('replies.jsonl');
  });

  it('is not written over what somebody edited', async () => {
    await writeFile(join(dir, 'tables', 'arms.csv'), 'edited');
    await expect(write([table('arms')])).rejects.toThrow(
      /holds tables\/arms\.csv, changed since antipode wrote it/,
    );
    expect(await readFile(join(dir, 'tables', 'arms.csv'), 'utf8')).toBe('edited');
  });
});

describe('arms of one’s own', () => {
  const own = {
    name: 'mixed',
    kind: 'steered' as const,
    parts: [
      { features: [1], strength: 0.6 },
      { features: [2], strength: -0.2 },
    ],
    factor: 1,
  };
  const withOwn: SteeringSubject = {
    ...subject,
    strength: undefined,
    arms: [...subject.arms, { arm: own, length: 1, coefficients: [] }],
  };

  it('are stated with their parts, strengths and unit', () => {
    const text = renderText(steeringDisplay(withOwn, { shownReplies: 0 }), {
      sanitize: (plain) => plain,
      bold: (plain) => plain,
    });
    expect(text).toMatch(/^mixed +Happy x 0\.6; 2 x -0\.2$/m);
    expect(text).toContain('Strengths: times the decoder rows (absolute).');
    expect(text).toContain('added, by the strengths of each arm, at every position');
    expect(display.map(({ title }) => title)).not.toContain('Arms');
  });
});

it('R5 R6: bars of few replies count whole ones; beside the article’s twenty they are shares, each with its number', async () => {
  const few = records.filter(({ reply }) => reply < 3);
  const pass = { ...first, outcome: outcome(few, first.verdicts, { poles, arms }) };
  const numbersIn = (svg: string): string[] =>
    [...svg.matchAll(/>(\d+(?:\.\d+)?)<\/text>/g)].map(([, number]) => number!);
  const others = { a: { ...poles.a, name: 'Warm' }, b: { ...poles.b, name: 'Cold' } };
  const alone = await labelsFigure({ ...subject, records: few, poles: others }, pass);
  expect(alone).not.toContain('the article');
  expect([...new Set(numbersIn(alone))].sort()).toEqual(['0', '1', '2', '3']);

  const beside = await labelsFigure({ ...subject, records: few }, pass);
  expect(beside.match(/>the article</g)).toHaveLength(7);
  expect(numbersIn(beside)).toContain('100');
  expect(beside).toContain('>percent of replies →<');
  // What the article printed of +Happy, and its 19 labels of -Sad+Happy.
  expect(beside).toContain('>Neutral (10/20)<');
  expect(beside).toContain('>Happy Steered (11/20)<');
});
