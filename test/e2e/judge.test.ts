/** @file `antipode judge` and `judge agree` on a run of the embedded default, with a judge behind a URL that lives on this machine. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  type ChatServer,
  judgedIn,
  type SeenRequest,
  sendJson,
  startChatServer,
} from '../support/chat_server.ts';
import {
  type CommandResult,
  makePlace,
  type Place,
  runCommand,
  runHere,
  snapshot,
} from '../support/run_command.ts';

const KEY = 'sk-secret-of-this-test';
const RUN = [
  'steer',
  'run',
  '--pair',
  'happy:sad',
  '--replies',
  '2',
  '--examples',
  '10',
  '--random',
  '1',
  '-n',
  '16',
  '--out',
  'run',
];

/** Finds what a person would, in the words of the embedded default; says nothing that can be read of replies about soup. */
function labelOf(request: SeenRequest): string {
  const isCheck = !JSON.stringify(request.body).includes('judged');
  if (isCheck) return 'ok';
  const { reply } = judgedIn(request).judged;
  if (/soup/.test(reply)) return 'I would rather not say.';
  const label = /glad|happy|joy|merr|delight|smil|laugh|lovely|wonderful/i.test(reply)
    ? 'Happy Steering'
    : /sad|sorrow|gloom|wept|griev|miser|unhappy|tear/i.test(reply)
      ? 'Sad Steering'
      : 'No Steering';
  return JSON.stringify({ label });
}

let place: Place;
let server: ChatServer;
let judged: CommandResult;
const wordsOf = (): string[] => [
  'judge',
  'run',
  '--judge',
  `tester@${server.url}`,
  '--passes',
  '2',
  '--json',
];
const WITH_KEY = { env: { OPENAI_API_KEY: KEY } };
const judge = (...more: string[]): Promise<CommandResult> =>
  runHere(place, [...wordsOf(), ...more], WITH_KEY);
beforeAll(async () => {
  place = makePlace();
  server = await startChatServer((response, request) => answer(response, labelOf(request)));
  expect(await runCommand(place, RUN)).toMatchObject({ code: 0 });
  judged = await runCommand(place, wordsOf(), WITH_KEY);
}, 60_000);
afterAll(async () => {
  await server.close();
  place.remove();
});

interface Judged {
  readonly judging: readonly {
    readonly known: number;
    readonly unlabelled: number;
    readonly usage: Record<string, number>;
  }[];
  readonly tables: {
    readonly arms: readonly { readonly judge: string; readonly pass: number; readonly arm: string }[];
    readonly agreement: readonly {
      readonly over: string;
      readonly kappa: number | null;
      readonly replies: number;
    }[];
  };
}
const parsed = (result: CommandResult): Judged => JSON.parse(result.stdout) as Judged;

describe('another judge of the same replies', () => {
  it('C3: has its own rows beside the lexicon’s, one for each pass', () => {
    expect(judged.code).toBe(0);
    const { arms } = parsed(judged).tables;
    const passes = [...new Set(arms.map(({ judge: id, pass }) => `${id.slice(0, 6)} ${pass}`))];
    expect(passes).toHaveLength(3);
    expect(parsed(judged).judging).toMatchObject([{ known: 0 }, { known: 0 }]);
  });

  it('never sees an arm, an id or a label', () => {
    const asked = server.requests.map(({ body }) => JSON.stringify(body));
    expect(asked.length).toBeGreaterThan(10);
    for (const text of asked) expect(text).not.toMatch(/\+Happy|-Sad|matched|random 1|control|\/0\/\d/);
  });

  it('C18: the key is sent, and is in no file and no output', () => {
    expect(server.requests.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true);
    expect(judged.stdout + judged.stderr).not.toContain(KEY);
    for (const folder of [place.cwd, place.home]) {
      for (const content of snapshot(folder).values())
        expect(Buffer.from(content, 'base64').toString('latin1')).not.toContain(KEY);
    }
  });

  it('costs nothing the second time but for what had no label, and changes no byte', async () => {
    const before = snapshot(join(place.cwd, 'run'));
    const asked = server.requests.length;
    const again = await judge();
    expect(again.code).toBe(0);
    // Twice each, in other words the second time.
    const unread = parsed(again).judging.map(({ unlabelled }) => unlabelled);
    const isCheck = ({ body }: SeenRequest): boolean => !JSON.stringify(body).includes('judged');
    const news = server.requests.slice(asked);
    expect(news.filter(isCheck).length).toBe(news.length > 0 ? 1 : 0);
    const texts = news.filter((one) => !isCheck(one)).map((request) => judgedIn(request).judged.reply);
    expect(texts.every((text) => text.includes('soup'))).toBe(true);
    expect(texts.length).toBeLessThanOrEqual(2 * (unread[0]! + unread[1]!));
    expect(snapshot(join(place.cwd, 'run'))).toEqual(before);
  });

  it('C15: --dry-run bounds requests and price, and asks nobody', async () => {
    const asked = server.requests.length;
    const bound = await judge('--dry-run', '--judge-price-in', '1', '--judge-price-out', '4');
    expect(JSON.parse(bound.stdout)).toMatchObject({
      replies: 20,
      judges: [{ name: 'tester', passes: 2, requests: expect.any(Number), cost: expect.any(Number) }],
    });
    expect(server.requests.length).toBe(asked);
  });

  it('agree with itself and with the lexicon as far as Cohen’s kappa says', async () => {
    const agree = await runHere(place, ['judge', 'agree', 'run', '--json']);
    const { agreement } = JSON.parse(agree.stdout) as Judged['tables'];
    expect(agreement).toHaveLength(6);
    // One and the same rule in both passes.
    const self = agreement.filter(({ kappa }) => kappa === 1);
    expect(self.length).toBeGreaterThanOrEqual(2);
    expect((await runHere(place, ['judge', 'agree', 'run'])).stdout).toContain('Kappa');
  });

  it('that does not answer stops with the way on, and what was said stays', async () => {
    const before = readdirSync(join(place.cwd, 'run', 'verdicts'));
    const dead = await runHere(place, ['judge', 'run', '--judge', 'tester@http://127.0.0.1:9/v1']);
    expect(dead.code).toBe(4);
    expect(readdirSync(join(place.cwd, 'run', 'verdicts'))).toEqual(before);
    expect(readFileSync(join(place.cwd, 'run', 'manifest.json'), 'utf8')).toContain('tester');
  });

  it('C9: agreement of one judge alone says how to get another', async () => {
    expect((await runHere(place, [...RUN.slice(0, -1), 'alone'])).code).toBe(0);
    const alone = await runHere(place, ['judge', 'agree', 'alone']);
    expect([alone.code, alone.stderr]).toEqual([
      3,
      expect.stringMatching(
        /only sentiment lexicon VADER has labelled .*\nnext: antipode judge alone --judge/,
      ),
    ]);
  });
});

describe('a judge whose answers cannot be read', () => {
  const RUN_OF_THIS = [...RUN.slice(0, -1), 'mended'];
  let mode: 'garbage' | 'half' | 'well' | 'limited' | 'locked' = 'garbage';
  let other: ChatServer;
  const again = (...more: string[]): Promise<CommandResult> =>
    runHere(place, ['judge', 'mended', '--judge', `moody@${other.url}`, ...more]);
  beforeAll(async () => {
    const seen = new Map<string, number>();
    other = await startChatServer((response, request) => {
      const text = JSON.stringify(request.body).includes('judged') ? judgedIn(request).judged.reply : '';
      const number = seen.get(text) ?? seen.size;
      seen.set(text, number);
      if (mode === 'locked') sendJson(response, 401, {});
      else if (mode === 'limited' && text !== '') sendJson(response, 429, {}, { 'retry-after': '3600' });
      else if (mode === 'garbage' || (mode === 'half' && number % 2 === 1)) {
        answer(response, '{"label":"Angry"}');
      } else answer(response, '{"label":"No Steering"}');
    });
    expect(await runHere(place, [...RUN_OF_THIS, '--judge', 'none'])).toMatchObject({ code: 0 });
  }, 60_000);
  afterAll(() => other.close());

  it('that labels none fails with a sentence, and is asked anew when the same command is given again', async () => {
    const mute = await again();
    expect(mute.code).toBe(1);
    expect(mute.stderr).toMatch(
      /error: moody at \S+: 20 of 20 replies have no label \(the answer is none of the five labels: 20\)\nnext: antipode judge mended --judge moody@\S+ asks again/,
    );
    // The tables say so too.
    expect(mute.stdout).toContain('have no label');
    expect(mute.stderr).not.toContain('MaxListeners');
    mode = 'half';
    const half = await again();
    expect(half.code).toBe(0);
    expect(half.stderr).toMatch(
      /warning: moody at \S+: \d+ of 20 replies have no label \(.*\); antipode judge mended --judge moody@\S+ asks again/,
    );
    mode = 'well';
    const asked = other.requests.length;
    const mended = await again('--json');
    expect([mended.code, mended.stderr]).toEqual([0, '']);
    expect(other.requests.length).toBeGreaterThan(asked + 2);
    expect(parsed(mended).judging).toMatchObject([{ labelled: 20, unlabelled: 0, next: null }]);
  }, 30_000);

  it('that a limit stops says once how to go on', async () => {
    mode = 'limited';
    const stopped = await again('--judge-tokens', '300');
    expect(stopped.code).toBe(4);
    const [, next] = stopped.stderr.trim().split('\nnext: ');
    expect(next).toMatch(
      /^the server is asked too often: wait 3600 s; then antipode judge mended --judge moody@\S+ goes on \(what the judge said is kept\)$/,
    );
  }, 30_000);

  it('that was heard in an earlier run and refuses the key now says so before it is asked about replies', async () => {
    mode = 'locked';
    const asked = other.requests.length;
    const locked = await again('--judge-tokens', '300');
    expect(locked.code).toBe(4);
    expect(locked.stderr).toMatch(
      /moody cannot be asked: the key is refused \(HTTP 401\)\nnext: set OPENAI_API_KEY to a key of this server; then antipode judge mended --judge moody@\S+ goes on/,
    );
    expect(other.requests.length).toBe(asked + 1);
  }, 30_000);
});
