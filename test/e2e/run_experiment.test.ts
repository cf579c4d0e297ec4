/** @file `antipode run` on the embedded default: spec to report, the same bytes however it was stopped, nothing done twice, and what it refuses. */

import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessibilityProblems,
  CHROMIUM,
  openBrowser,
  openPage,
  WITHOUT_CHROMIUM,
} from '../support/browser.ts';
import { answer, judgedIn, startChatServer } from '../support/chat_server.ts';
import { isFull } from '../support/effort.ts';
import { type CommandResult, makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';
import { MANIFEST, SPEC, STAGES, stagesOf, whatIsIn } from '../support/small_experiment.ts';

/** Both widths and both schemes; every pair of them in the full run. */
const VIEWS = [
  { width: 1280, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'dark' },
  { width: 360, colorScheme: 'light' },
] as const;

let place: Place;
let first: CommandResult;
/** What a run that nothing stops leaves. */
let expected: Map<string, string>;
const path = (...parts: string[]): string => join(place.cwd, ...parts);

beforeAll(async () => {
  place = makePlace();
  writeFileSync(path('small.yaml'), SPEC);
  first = await runCommand(place, ['run', 'small.yaml', '--threads', '1', '--json']);
  expect(first.stderr).not.toContain('error');
  expect(first.code).toBe(0);
  expected = whatIsIn(place, 'runs/small');
}, 120_000);
afterAll(() => place.remove());

describe('a run', () => {
  it('C3 R4: leaves tables three times, figures, a report twice, and one document on stdout', () => {
    expect(JSON.parse(first.stdout)).toMatchObject({
      out: 'runs/small',
      report: 'runs/small/report.html',
      saes: [{ label: 'organism-1-res-2k', verdicts: [{ space: 'encoder' }, { space: 'decoder' }] }],
      steering: [{ about: 'Steering, labels by sentiment lexicon VADER', sentences: expect.any(Array) }],
    });
    const files = [...expected.keys()];
    for (const table of ['statistics/tables/summary', 'statistics/tables/tests', 'steering/tables/arms']) {
      for (const form of ['parquet', 'csv', 'json']) expect(files).toContain(`${table}.${form}`);
    }
    for (const figure of ['population', 'concepts', 'two-spaces', 'same-feature']) {
      expect(files).toContain(`statistics/figures/${figure}-organism-1-res-2k.svg`);
    }
    for (const table of ['geometry/tables/cosines', 'search/tables/extremes']) {
      expect(files).toContain(`${table}.parquet`);
    }
    for (const file of ['report.html', 'report.md', 'experiment.yaml']) expect(files).toContain(file);
    expect(readFileSync(path('runs/small/experiment.yaml'), 'utf8')).toBe(SPEC);
  });

  it('C14: gives the same bytes again, on another number of threads too; only the manifest tells the time', async () => {
    const again = await runHere(place, ['run', 'small.yaml', '--out', 'again', '--threads', '2', '-q']);
    expect(again).toMatchObject({ code: 0, stdout: 'again/report.html\n' });
    const files = whatIsIn(place, 'again');
    expect([...files.keys()]).toEqual([...expected.keys()]);
    expect([...files].filter(([file, bytes]) => expected.get(file) !== bytes).map(([file]) => file)).toEqual(
      [],
    );
    const { stages, ended } = JSON.parse(readFileSync(path('again', MANIFEST), 'utf8'));
    expect(stages.map(({ name }: { name: string }) => name)).toEqual(STAGES);
    expect(ended).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('leaves of its three stages what antipode geometry leaves in one go: tables, figures, report', async () => {
    const asked = ['--sae', 'organism/1-res-2k', '--random-pairs', '5', '--top', '3', '--draws', '99'];
    const alone = await runCommand(place, ['geometry', ...asked, '--out', 'alone', '-q']);
    expect(alone).toMatchObject({ code: 0, stdout: 'alone\n' });
    const inFolder = (files: Map<string, string>): [string, string][] =>
      [...files].filter(([file]) => file !== MANIFEST && file !== 'report.json');
    const stage = [...expected]
      .filter(([file]) => file.startsWith('statistics/'))
      .map(([file, bytes]): [string, string] => [file.slice('statistics/'.length), bytes]);
    const left = whatIsIn(place, 'alone');
    expect([...left.keys()]).toContain('figures/population-organism-1-res-2k.svg');
    expect(inFolder(left)).toEqual(inFolder(new Map(stage)));
  });

  it('C19: does nothing twice, and again what has changed with what reads it', async () => {
    cpSync(path('again'), path('changed'), { recursive: true });
    const same = await runHere(place, ['run', 'small.yaml', '--out', 'changed']);
    expect(stagesOf(same)).toEqual([]);
    expect(same.stderr).toContain('geometry: finished before');
    expect(same.stdout).toContain('Do opposites point apart?');

    writeFileSync(path('changed.yaml'), SPEC.replace('top: 3', 'top: 4'));
    const changed = await runHere(place, ['run', 'changed.yaml', '--out', 'changed']);
    expect(stagesOf(changed)).toEqual(['search', 'statistics', 'report']);

    writeFileSync(path('changed.yaml'), SPEC.replace('top: 3', 'top: 4').replace('draws: 99', 'draws: 199'));
    const redrawn = await runHere(place, ['run', 'changed.yaml', '--out', 'changed']);
    expect(stagesOf(redrawn)).toEqual(['statistics', 'report']);

    // Beside the first run: what its settings changed, once, though stages hand on the same numbers.
    const diff = await runHere(place, ['runs', 'diff', 'runs/small', 'changed', '--json']);
    const { settings, tables } = JSON.parse(diff.stdout) as {
      settings: { what: string }[];
      tables: { table: string; differences: unknown[]; onlyB: number }[];
    };
    expect(settings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['parameters.top', 'parameters.draws']),
    );
    const differing = tables.filter(({ differences, onlyB }) => differences.length + onlyB > 0);
    expect(differing.map(({ table }) => table)).toEqual(
      expect.arrayContaining(['statistics/tables/extremes', 'statistics/tables/tests']),
    );
    expect(tables.filter(({ table }) => /^(geometry|search)\//.test(table))).toEqual([]);
    const shown = await runHere(place, ['runs', 'show', 'changed']);
    expect(shown.stdout).toContain('search/tables/places');
    expect(shown.stdout).toContain('those of geometry and search as .parquet alone');

    rmSync(path('changed', 'steering', 'report.json'));
    const mended = await runCommand(place, ['run', 'changed.yaml', '--out', 'changed']);
    expect(stagesOf(mended)).toEqual(['judge', 'report']);
    const only = await runHere(place, ['run', 'changed.yaml', '--out', 'changed', '--only', 'report', '-q']);
    expect(only).toMatchObject({ code: 0, stdout: 'changed/report.html\n' });
  }, 120_000);

  it('a judge that does not answer is found before replies are generated, and not where they are all that is asked for', async () => {
    writeFileSync(path('mute.yaml'), `${SPEC}  judges: [m@http://127.0.0.1:9/v1]\n`);
    cpSync(path('runs/small'), path('mute'), { recursive: true });
    for (const file of ['steering', 'stages/steering.json']) rmSync(path('mute', file), { recursive: true });
    const mute = await runHere(place, ['run', 'mute.yaml', '--out', 'mute']);
    expect([mute.code, mute.stderr]).toEqual([4, expect.stringContaining('127.0.0.1:9')]);
    expect(() => statSync(path('mute/steering/replies.jsonl'))).toThrow();
    const only = await runHere(place, ['run', 'mute.yaml', '--out', 'mute', '--only', 'steering', '-q']);
    expect(only.code).toBe(0);
    expect(statSync(path('mute/steering/replies.jsonl')).size).toBeGreaterThan(0);
  });

  it('C18: an address with a password is refused before anything is done, and is in no file', async () => {
    writeFileSync(path('secret.yaml'), `${SPEC}  judges: [m@http://me:hunter2@127.0.0.1:9/v1]\n`);
    const refused = await runHere(place, ['run', 'secret.yaml', '--out', 'secret']);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('holds a user name or password'),
    ]);
    expect(refused.stderr).not.toContain('hunter2');
    expect(() => statSync(path('secret'))).toThrow();
  });

  it('C19: replies that a judge left without a label are asked about again by the command that it names', async () => {
    let isWell = false;
    let unread: string | undefined;
    const server = await startChatServer((response, request) => {
      const isCheck = JSON.stringify(request.body['response_format']).includes('"check"');
      const reply = isCheck ? undefined : judgedIn(request).judged.reply;
      unread ??= reply;
      const isUnread = !isWell && reply !== undefined && reply === unread;
      answer(response, isUnread ? 'what?' : '{"label":"No Steering"}');
    });
    try {
      writeFileSync(path('half.yaml'), `${SPEC}  judges: [m@${server.url}]\n`);
      cpSync(path('runs/small'), path('half'), { recursive: true });
      const half = await runHere(place, ['run', 'half.yaml', '--out', 'half']);
      expect(half.code).toBe(0);
      const [, again = ''] =
        /warning: .* have no label .*; (antipode run .*) asks again/.exec(half.stderr) ?? [];
      expect(again).toBe('antipode run half/experiment.yaml --out half --from judge');
      isWell = true;
      const mended = await runHere(place, again.split(' ').slice(1));
      expect([mended.code, stagesOf(mended)]).toEqual([0, ['judge', 'report']]);
      expect(mended.stderr).not.toContain('have no label');
      expect(readFileSync(path('half/report.md'), 'utf8')).not.toContain('have no label');
    } finally {
      await server.close();
    }
  }, 60_000);

  it('C15: --dry-run says what would be done and what is finished, and writes nothing', async () => {
    const dry = await runHere(place, ['run', 'small.yaml', '--out', 'again', '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dry_run: true,
      saes: [{ sae: 'organism/1-res-2k', state: 'here' }],
      pairs_searched: 2 * 2_096_128,
      draws: 99,
      steering: { replies: 32, judges: [{ name: 'lexicon', requests: 0 }] },
      finished: STAGES,
    });
    // A judge that is paid for: what it may cost is what antipode steer run says of the same replies.
    const paid = 'judges: [m@http://127.0.0.1:9/v1]';
    writeFileSync(path('paid.yaml'), `${SPEC}  ${paid}\n`);
    writeFileSync(
      path('steer.yaml'),
      `${SPEC.slice(SPEC.indexOf('steering:\n') + 10).replace(/^ {2}/gm, '')}${paid}\n`,
    );
    const bounds = await Promise.all(
      [
        ['run', 'paid.yaml', '--out', 'nothing'],
        ['steer', 'run', 'steer.yaml', '--out', 'nothing'],
      ].map(async (args) => JSON.parse((await runHere(place, [...args, '--dry-run', '--json'])).stdout)),
    );
    expect(bounds[0].steering.judges).toEqual(bounds[1].judges);
    expect(bounds[1].judges[0].completion_tokens).toBeGreaterThan(0);
    const fresh = await runHere(place, ['run', 'small.yaml', '--out', 'nothing', '--dry-run']);
    expect(fresh.stdout).toContain('would generate 32 replies');
    expect(() => statSync(path('nothing'))).toThrow();
  });
});

describe('what it refuses', () => {
  it.each([
    ['a spec that is not there', ['run', 'nowhere.yaml'], 3, 'nowhere.yaml: no such file'],
    [
      'a stage that is none',
      ['run', 'small.yaml', '--from', 'tests'],
      2,
      'geometry, search, statistics, steering, judge, report',
    ],
    ['a folder with other things', ['run', 'small.yaml', '--out', 'foreign'], 2, 'foreign: holds mine.txt'],
    ['a file in its place', ['run', 'small.yaml', '--out', 'small.yaml'], 2, 'small.yaml: is a file'],
    [
      'one stage before what it reads',
      ['run', 'small.yaml', '--out', 'fresh', '--only', 'report'],
      2,
      'report: reads what statistics leaves',
    ],
    ['a spec of another version', ['run', 'newer.yaml'], 1, 'newer.yaml:1:11: antipode: got version 2'],
    ['another spec over replies', ['run', 'other.yaml', '--out', 'again'], 2, 'again/steering'],
  ])('%s', async (_, args, code, sentence) => {
    mkdirSync(path('foreign'), { recursive: true });
    writeFileSync(path('foreign', 'mine.txt'), '');
    writeFileSync(path('newer.yaml'), SPEC.replace('antipode: 1', 'antipode: 2'));
    writeFileSync(path('other.yaml'), SPEC.replace('max_new_tokens: 12', 'max_new_tokens: 13'));
    const before = whatIsIn(place, 'again').get('steering/replies.jsonl');
    const result = await runHere(place, args);
    expect(result.stderr).toContain(sentence);
    expect(result.code).toBe(code);
    expect(whatIsIn(place, 'again').get('steering/replies.jsonl')).toBe(before);
  });
});

describe.skipIf(CHROMIUM === undefined)(
  `the report ${CHROMIUM === undefined ? WITHOUT_CHROMIUM : ''}`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await openBrowser();
    });
    afterAll(() => browser?.close());

    it('R1: is below 2 MB', () => {
      expect(statSync(path('runs/small/report.html')).size).toBeLessThan(2_000_000);
    });

    it.each(isFull ? VIEWS : VIEWS.slice(0, 2))(
      'R1 R2: opens from disk at $width pixels in $colorScheme without a request or a complaint',
      async (options) => {
        const { page, requests, complaints, close } = await openPage(
          browser,
          path('runs/small/report.html'),
          options,
        );
        try {
          expect(requests).toEqual([]);
          expect(complaints).toEqual([]);
          expect(await accessibilityProblems(page)).toEqual([]);
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
            options.width,
          );
          expect(await page.title()).toBe('A small one');
          const lead = await page.evaluate('document.querySelector(".verdict").textContent');
          expect(lead).toContain('organism-1-res-2k, decoder, 23 concepts, 63 pairs');
          expect(
            await page.evaluate('document.querySelectorAll("figure svg").length'),
          ).toBeGreaterThanOrEqual(5);
        } finally {
          await close();
        }
      },
    );
  },
);
