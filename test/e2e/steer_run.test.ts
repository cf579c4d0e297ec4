/** @file `antipode steer run` on the embedded default: the whole path, the same bytes however it was stopped and on any number of threads, and what it refuses. */

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFull, onlyInFull, runs } from '../support/effort.ts';
import {
  type CommandResult,
  makePlace,
  type Place,
  runCommand,
  runHere,
  snapshot,
} from '../support/run_command.ts';

const SPEC = fileURLToPath(new URL('../../experiments/steering/organism.yaml', import.meta.url));

/** Four arms would do, but these are the article's: of every kind a few short replies. */
const SMALL = ['steer', 'run', SPEC, '--replies', '3', '--examples', '12', '--random', '1', '-n', '20'];

/** Ten arms of three, and the examples. */
const expectedReplies = 42;

let place: Place;
/** What a run that nothing stops leaves. */
let expected: Map<string, string>;
let first: CommandResult;
const path = (...parts: string[]): string => join(place.cwd, ...parts);

beforeAll(async () => {
  place = makePlace();
  first = await runCommand(place, [...SMALL, '--out', 'whole', '--json']);
  expect(first.code).toBe(0);
  expected = snapshot(path('whole'));
}, 120_000);
afterAll(() => place.remove());

interface RunJson {
  readonly out: string;
  readonly tables: { readonly arms: readonly Readonly<Record<string, unknown>>[] };
}

const document = (result: CommandResult): RunJson => JSON.parse(result.stdout) as RunJson;

describe('a run', () => {
  it('C3: is one document with the arms in the order of the article, labelled by the lexicon', () => {
    const { arms } = document(first).tables;
    expect(arms.map(({ arm }) => arm)).toEqual([
      'control',
      '+Happy+Sad',
      '-Happy+Sad',
      '-Sad+Happy',
      '+Happy',
      '+Sad',
      '-Happy',
      '-Sad',
      '+Happy+Sad (matched)',
      'random 1',
    ]);
    for (const arm of arms) {
      const labels = ['label_a', 'label_b', 'label_none', 'label_a_to_b', 'label_b_to_a', 'unlabelled'];
      expect(labels.reduce((sum, label) => sum + Number(arm[label]), 0)).toBe(3);
    }
    expect(arms.find(({ arm }) => arm === '+Sad')).toMatchObject({
      published_label_b: 8,
      published_net: 'Sad (8/20)',
    });
    expect(arms.find(({ arm }) => arm === 'random 1')).toMatchObject({ published_net: null });
  });

  it('leaves tables three times, figures, a report and a manifest of every file', () => {
    const files = [...expected.keys()];
    for (const table of ['arms', 'interventions', 'replies', 'verdicts', 'activations']) {
      for (const form of ['parquet', 'csv', 'json']) expect(files).toContain(`tables/${table}.${form}`);
    }
    const manifest = JSON.parse(readFileSync(path('whole', 'manifest.json'), 'utf8')) as {
      outputs: { file: string }[];
    };
    expect(manifest.outputs.map(({ file }) => file).sort()).toEqual(
      files.filter((file) => file !== 'manifest.json').sort(),
    );
    expect(files).not.toContain('steering.lock');
    const everything = files
      .map((file) => Buffer.from(expected.get(file)!, 'base64').toString('latin1'))
      .join('');
    expect(everything).not.toContain(place.home);
    expect(everything).not.toContain(place.cwd);
  });

  it('C4, C14: on another number of threads and under another name is the same to the byte, and -q prints its folder', async () => {
    const again = await runHere(place, [...SMALL, '--out', 'threads', '--threads', '1', '-q']);
    expect([again.code, again.stdout]).toEqual([0, 'threads\n']);
    expect(snapshot(path('threads'))).toEqual(expected);
  });

  it('says every token that was hit: the beginning, the prompt and each generated one but the last', () => {
    const lines = readFileSync(path('whole', 'replies.jsonl'), 'utf8').trim().split('\n');
    const replies = lines.map(
      (line) => JSON.parse(line) as { id: string; tokens: number[]; steered: number[][]; positions: number },
    );
    const { prompts } = JSON.parse(readFileSync(path('whole', 'steering.json'), 'utf8')) as {
      prompts: { tokens: number[] }[];
    };
    for (const { id, tokens, steered, positions } of replies) {
      expect([id, positions]).toEqual([id, prompts[0]!.tokens.length + tokens.length - 1]);
      const isSteered = !id.startsWith('control') && !id.startsWith('examples');
      expect([id, steered]).toEqual([id, isSteered ? [[0, positions]] : []]);
    }
  });
});

describe('a run that is stopped', () => {
  const lines = (): number => {
    const file = path('killed', 'replies.jsonl');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  };
  const stages: readonly (readonly [string, () => boolean])[] = [
    ['its plan is there', () => existsSync(path('killed', 'steering.json'))],
    ['the first replies are', () => lines() > 0],
    ['more of them are', () => lines() > 12],
    ['most of them are', () => lines() > 34],
    ['the judge speaks', () => existsSync(path('killed', 'verdicts'))],
    ['tables are written', () => existsSync(path('killed', 'tables', 'replies.csv'))],
  ];

  it.skipIf(!isFull)(
    `C19: by SIGKILL again and again, as soon as something new is there, ends with the same bytes${onlyInFull('ten seconds; antipode run is killed in every run')}`,
    async () => {
      const moments: number[] = [];
      for (const [, isTime] of stages) {
        const killed = await runCommand(place, [...SMALL, '--out', 'killed', '-q'], {
          during: (child) => {
            const timer = setInterval(() => isTime() && child.kill('SIGKILL'), 1);
            child.on('exit', () => clearInterval(timer));
          },
        });
        expect(killed.code).toBe(null);
        moments.push(lines());
      }
      expect(moments[0]).toBe(0);
      expect(moments[3]).toBeLessThanOrEqual(expectedReplies);
      expect((await runCommand(place, [...SMALL, '--out', 'killed', '-q'])).code).toBe(0);
      expect(snapshot(path('killed'))).toEqual(expected);
    },
    120_000,
  );

  it.skipIf(runs(1) === 1)(
    'C19: by SIGKILL at ten random moments ends with the same bytes (npm run test:full)',
    async () => {
      for (let kill = 0; kill < 10; kill++) {
        await runCommand(place, [...SMALL, '--out', 'killed-at-random', '-q'], {
          during: (child) => {
            const timer = setTimeout(() => child.kill('SIGKILL'), 300 + Math.random() * 2500);
            child.on('exit', () => clearTimeout(timer));
          },
        });
      }
      expect((await runCommand(place, [...SMALL, '--out', 'killed-at-random', '-q'])).code).toBe(0);
      expect(snapshot(path('killed-at-random'))).toEqual(expected);
    },
    120_000,
  );

  it('as a kill leaves it, with half a line, replies in another order, tables of another time, an old lock', async () => {
    mkdirSync(path('torn', 'tables'), { recursive: true });
    const whole = readFileSync(path('whole', 'replies.jsonl'), 'utf8').trimEnd().split('\n');
    const some = whole.filter((_, i) => i % 3 !== 0).reverse();
    writeFileSync(path('torn', 'replies.jsonl'), `${some.join('\n')}\n${whole[0]!.slice(0, 100)}`);
    writeFileSync(path('torn', 'steering.json'), readFileSync(path('whole', 'steering.json')));
    writeFileSync(path('torn', 'tables', 'arms.csv'), 'half');
    writeFileSync(
      path('torn', 'steering.lock'),
      JSON.stringify({ pid: 999_999_999, host: hostname(), turn: 'x' }),
    );
    const resumed = await runHere(place, [...SMALL, '--out', 'torn']);
    expect([resumed.code, resumed.stderr]).toEqual([
      0,
      expect.stringContaining(`goes on behind ${some.length} of`),
    ]);
    expect(snapshot(path('torn'))).toEqual(expected);
  });

  it('C19: by Ctrl-C says how much is kept and exits 130', async () => {
    const stopped = await runCommand(place, [...SMALL, '--out', 'stopped', '--replies', '40'], {
      during: (child) => {
        const file = path('stopped', 'replies.jsonl');
        const timer = setInterval(() => {
          if (!existsSync(file) || readFileSync(file).length === 0) return;
          clearInterval(timer);
          child.kill('SIGINT');
        }, 5);
        child.on('exit', () => clearInterval(timer));
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(
      /interrupted: \d+ of \d+ replies are in stopped\nnext: run the same command again/,
    );
    expect(existsSync(path('stopped', 'manifest.json'))).toBe(false);
    const early = await runHere(place, ['judge', 'stopped']);
    expect([early.code, early.stderr]).toEqual([
      3,
      expect.stringMatching(/replies are not there yet\nnext: repeat/),
    ]);
  });
});

describe('a run refuses', () => {
  it('a folder with another plan, and says what differs', async () => {
    const other = await runHere(place, [...SMALL, '--out', 'whole', '--temp', '1']);
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^error: whole: holds the run of another plan: sampling\.temperature differs \(got 1, expected 0\.7\)/m,
      ),
    ]);
    expect(snapshot(path('whole'))).toEqual(expected);
  });

  it('a folder that holds something else, and a report that somebody edited', async () => {
    mkdirSync(path('foreign'));
    writeFileSync(path('foreign', 'notes.txt'), 'mine');
    const foreign = await runHere(place, [...SMALL, '--out', 'foreign']);
    expect([foreign.code, foreign.stderr]).toEqual([
      2,
      expect.stringMatching(/^error: foreign: holds notes\.txt, and no steering run/),
    ]);
    const report = path('threads', 'report.md');
    writeFileSync(report, `${readFileSync(report, 'utf8')}\nmine\n`);
    const edited = await runHere(place, ['judge', 'threads']);
    expect([edited.code, edited.stderr]).toEqual([
      2,
      expect.stringContaining('report.md, changed since antipode wrote it'),
    ]);
  });

  it('C19: replies of a finished run that somebody edited, and takes them without a manifest, as a stopped run has none', async () => {
    cpSync(path('whole'), path('edited'), { recursive: true });
    const file = path('edited', 'replies.jsonl');
    const [one, ...rest] = readFileSync(file, 'utf8').split('\n');
    const other = JSON.stringify({ ...JSON.parse(one!), text: 'I am so happy!' });
    writeFileSync(file, [other, ...rest].join('\n'));
    const commands = [
      [...SMALL, '--out', 'edited'],
      ['judge', 'edited'],
      ['judge', 'agree', 'edited'],
    ];
    for (const command of commands) {
      const refused = await runHere(place, command);
      expect([refused.code, refused.stderr]).toEqual([
        5,
        expect.stringMatching(
          /^error: edited: replies\.jsonl is not what it was when the run ended.*\nnext: put/,
        ),
      ]);
    }
    rmSync(path('edited', 'manifest.json'));
    writeFileSync(file, rest.join('\n'));
    expect((await runHere(place, [...SMALL, '--out', 'edited', '-q'])).code).toBe(0);
    expect(snapshot(path('edited'))).toEqual(expected);
  });

  it.each([
    [['--arm', '+Happy'], 'run: unknown option --arm'],
    [['--pair', 'fast:blue'], '--pair fast:blue: organism-2 has no such pair'],
    [['--pair', 'speed:slowness'], 'lexicon'],
    [['--pole', 'Happy=642'], '--pole: got 1, expected two of the form'],
    [['--pole', 'Happy=642', '--pole', 'Sad=999999'], '999999'],
    [['--strengths', '1,1'], '--strengths: 1 stands twice'],
    [['--judge', 'nobody'], '--judge: got nobody'],
  ])('%j before anything is generated', async (flags, message) => {
    const refused = await runHere(place, [...SMALL, '--out', 'never', ...flags]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(path('never', 'replies.jsonl'))).toBe(false);
  });
});

describe('a wrong value in a spec has one exit code, the path as it was typed, the spec’s own word and a next step', () => {
  it.each([
    ['pair: fast:blue', 'pair fast:blue: organism-2 has no such pair'],
    ['pair: "happy:sad\\u202e"', 'expected a name of letters, digits'],
    ['poles: { A: [1], B: [99999] }', 'feature 99999: organism-2-res-2k has none of that number'],
    ['poles: { A: [1], B: [1] }', 'poles: feature 1 stands in both A and B'],
    ['sampling: { temperature: 0 }\nreplies: 5', 'replies: the likeliest token is always taken'],
    ['method: orthogonal', 'strength: is missing'],
    ['method: project-out\nmatched: true', 'matched: project-out adds nothing'],
    ['strength: 1e30', 'strength: got 1e+30, expected at most 1000000000'],
    ['judges: [nobody]', 'judges: got nobody'],
    ['arms: [{ name: x, parts: [{ pole: glad, strength: 1 }] }]', 'arm x: there is no pole glad'],
    [
      'arms: [{ name: x, parts: [{ pole: happy, strength: 1 }, { pole: happy, strength: -1 }] }]',
      'arm x: its parts cancel out',
    ],
  ])('%s', async (text, message) => {
    mkdirSync(path('specs'), { recursive: true });
    writeFileSync(path('specs', 'own.yaml'), `${text}\n`);
    const refused = await runHere(place, ['steer', 'run', 'specs/own.yaml', '--out', 'nothing', '--dry-run']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^error: specs\/own\.yaml:/)]);
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).not.toContain('a spec may hold');
    expect(refused.stderr).toMatch(/\nnext: \S/);
  });

  it('what an option says is the option’s', async () => {
    writeFileSync(path('specs', 'own.yaml'), 'pair: happy:sad\n');
    const asked = ['steer', 'run', 'specs/own.yaml', '--pair', 'fast:blue', '--dry-run'];
    const refused = await runHere(place, asked);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^error: --pair fast:blue:/)]);
  });
});

describe('what can be known before is said by --dry-run too, and leaves no folder', () => {
  it.each([
    [
      ['--pole', 'Happy=642', '--pole', 'Sad=999999'],
      'feature 999999: organism-2-res-2k has none of that number',
    ],
    [['--pole', 'Happy=642', '--pole', 'Sad=642'], '--pole: feature 642 stands in both Happy and Sad'],
    [['--pair', 'speed:slowness'], 'lexicon'],
    [['--temp', '0'], 'replies: the likeliest token is always taken'],
    [['--strength', '0'], '--strength: got "0", expected a number from 0.000001 to 1000000000'],
    [['--method', 'project-out', '--strength', '2'], 'project-out takes the poles away'],
  ])('%j', async (flags, message) => {
    for (const dry of [['--dry-run'], []]) {
      const refused = await runHere(place, [...SMALL, '--out', 'nothing', ...flags, ...dry]);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    expect(existsSync(path('nothing'))).toBe(false);
  });

  it('a folder in which no reply was ever made is taken by another plan', async () => {
    mkdirSync(path('failed'));
    cpSync(path('whole', 'steering.json'), path('failed', 'steering.json'));
    writeFileSync(path('failed', 'replies.jsonl'), '{"id":"cont');
    const few = ['--replies', '1', '--examples', '0', '--random', '0', '-n', '4', '--judge', 'none'];
    const other = await runHere(place, [...SMALL, '--out', 'failed', '--temp', '1', ...few]);
    expect([other.code, other.stderr]).toEqual([0, expect.any(String)]);
  });
});

it('C15: --dry-run says what would be generated and asked at most, and touches nothing', async () => {
  const planned = await runHere(place, [
    ...SMALL,
    '--out',
    'dry',
    '--dry-run',
    '--json',
    '--judge',
    'm@http://127.0.0.1:9/v1',
    '--judge-price-in',
    '2',
  ]);
  expect(planned.code).toBe(0);
  expect(JSON.parse(planned.stdout)).toMatchObject({
    replies: expectedReplies,
    judged_replies: 30,
    judges: [{ name: 'm', passes: 1, cost: expect.any(Number) }],
  });
  expect(existsSync(path('dry'))).toBe(false);
});
