import { describe, expect, test } from 'vitest';
import {
  createOutput,
  formatSeconds,
  isColoured,
  type Output,
  type OutputOptions,
  type Result,
  type Sink,
  visible,
} from './output.ts';

class Recorder implements Sink {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  constructor(isTTY = false, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(text: string): void {
    this.text += text;
  }
}

interface Setup {
  readonly stdout: Recorder;
  readonly stderr: Recorder;
  readonly out: Output;
  /** Moves the clock, in milliseconds. */
  pass(ms: number): void;
}

function setup(options: Partial<OutputOptions> & { outTTY?: boolean; errTTY?: boolean } = {}): Setup {
  const { outTTY = false, errTTY = false, ...rest } = options;
  const [stdout, stderr] = [new Recorder(outTTY), new Recorder(errTTY, 40)];
  let time = 0;
  const out = createOutput({ stdout, stderr, env: {}, now: () => time, ...rest });
  return {
    stdout,
    stderr,
    out,
    pass(ms) {
      time += ms;
    },
  };
}

const result: Result = {
  human: (style) => `${style.bold('pairs')} 2`,
  json: () => [{ pair: [1, 2] }, { pair: [3, 4] }],
  quiet: () => ['1', '3'],
};

describe('C3: --json prints exactly one document on stdout', () => {
  test('even with notes, warnings and progress around it', () => {
    for (const errTTY of [false, true]) {
      const { stdout, stderr, out, pass } = setup({ mode: 'json', errTTY });
      const progress = out.progress('searching', 10);
      for (let i = 0; i <= 10; i++) {
        progress.update(i);
        pass(11_000);
      }
      out.note('a note');
      out.warn('a warning');
      out.result(result);
      progress.end();
      expect(JSON.parse(stdout.text)).toEqual(result.json());
      expect(stdout.text.split('\n')).toHaveLength(2);
      expect(stderr.text).toContain('a warning');
    }
  });

  test('an empty list is []', () => {
    const { stdout, out } = setup({ mode: 'json' });
    out.result({ ...result, json: () => [] });
    expect(stdout.text).toBe('[]\n');
  });

  test('results that arrive one by one are JSON Lines', () => {
    const { stdout, out } = setup({ mode: 'json' });
    out.item({ ...result, json: () => ({ a: 1 }) });
    out.item({ ...result, json: () => ({ a: 2 }) });
    expect(stdout.text).toBe('{"a":1}\n{"a":2}\n');
  });
});

test('C4: --quiet prints ids alone, one per line, and no notes or progress; warnings stay, on stderr', () => {
  const { stdout, stderr, out, pass } = setup({ mode: 'quiet' });
  const progress = out.progress('searching', 10);
  pass(60_000);
  progress.update(5);
  out.note('a note');
  out.warn('careful');
  out.result(result);
  progress.end();
  expect(stdout.text).toBe('1\n3\n');
  expect(stderr.text).toBe('warning: careful\n');
});

test('only the form of the mode is built', () => {
  const refuse = (): never => {
    throw new Error('built in vain');
  };
  setup({ mode: 'json' }).out.result({ human: refuse, quiet: refuse, json: () => 1 });
  setup({ mode: 'quiet' }).out.result({ human: refuse, json: refuse, quiet: () => ['1'] });
  setup().out.result({ json: refuse, quiet: refuse, human: () => 'x' });
});

describe('C5: progress, warnings and notes stay on stderr', () => {
  function run(errTTY: boolean, env: OutputOptions['env'] = {}): Setup {
    const s = setup({ errTTY, outTTY: true, env });
    const progress = s.out.progress('searching', 600);
    for (let second = 0; second < 60; second++) {
      for (let tenth = 0; tenth < 10; tenth++) {
        progress.update(second * 10 + tenth);
        s.pass(100);
      }
    }
    progress.end();
    s.out.note('done');
    s.out.warn('odd');
    return s;
  }

  test('never on stdout', () => {
    for (const errTTY of [false, true]) expect(run(errTTY).stdout.text).toBe('');
  });

  test('elsewhere than on a terminal: a line at most every ten seconds, no control codes', () => {
    const { stderr } = run(false);
    expect(stderr.text.split('\n')).toEqual([
      'searching  16 %, 50 s left',
      'searching  33 %, 40 s left',
      'searching  50 %, 30 s left',
      'searching  66 %, 20 s left',
      'searching  83 %, 10 s left',
      'done',
      'warning: odd',
      '',
    ]);
  });

  test('details stand behind the time that is left, safe to print', () => {
    const s = setup({ errTTY: false, outTTY: false });
    const progress = s.out.progress('training', 100);
    s.pass(10_000);
    progress.update(50, 'loss 0.1\u001b[2J');
    expect(s.stderr.text).toBe('training  50 %, 10 s left  loss 0.1\\x1b[2J\n');
  });

  test('on a terminal: one status line, rewritten, that never wraps and is gone at the end', () => {
    const { stderr } = run(true, { NO_COLOR: '1' });
    const states = stderr.text.split('\r\u001b[2K');
    expect(states.length).toBeGreaterThan(500);
    expect(states.every((state) => state.length < 40)).toBe(true);
    expect(states.slice(0, -1).join('')).not.toContain('\n');
    expect(states.at(-1)).toBe('done\nwarning: odd\n');
  });

  test('a note in the middle of progress stands on a line of its own', () => {
    const { stderr, out, pass } = setup({ errTTY: true });
    const progress = out.progress('searching', 10);
    pass(200);
    progress.update(5);
    out.note('half-way');
    expect(stderr.text).toBe('\r\u001b[2Ksearching  50 %\r\u001b[2Khalf-way\n');
  });

  test('TERM=dumb has no status line; a total of 0 is done', () => {
    expect(run(true, { TERM: 'dumb' }).stderr.text).not.toContain('\u001b');
    const { stderr, out, pass } = setup();
    const progress = out.progress('reading', 0);
    pass(11_000);
    progress.update(0);
    expect(stderr.text).toBe('reading  100 %, 0 s left\n');
  });
});

describe('C6: colour is decided per stream', () => {
  const terminal = new Recorder(true);
  const pipe = new Recorder(false);

  test.each<[string, Recorder, OutputOptions['env'], boolean, boolean]>([
    ['a terminal', terminal, {}, false, true],
    ['a pipe', pipe, {}, false, false],
    ['NO_COLOR', terminal, { NO_COLOR: '1' }, false, false],
    ['NO_COLOR=0 is set as well', terminal, { NO_COLOR: '0' }, false, false],
    ['an empty NO_COLOR is not set', terminal, { NO_COLOR: '' }, false, true],
    ['TERM=dumb', terminal, { TERM: 'dumb' }, false, false],
    ['FORCE_COLOR into a pipe', pipe, { FORCE_COLOR: '1' }, false, true],
    ['FORCE_COLOR against NO_COLOR', pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    ['FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false, false],
    ['FORCE_COLOR=false', terminal, { FORCE_COLOR: 'false' }, false, false],
    ['an empty FORCE_COLOR is not set', pipe, { FORCE_COLOR: '' }, false, false],
    ['--no-color against FORCE_COLOR', terminal, { FORCE_COLOR: '1' }, true, false],
  ])('%s', (_, sink, env, noColor, expected) => {
    expect(isColoured(sink, env, noColor)).toBe(expected);
  });

  test('stdout piped, stderr a terminal: only stderr has colour; and the reverse', () => {
    const piped = setup({ errTTY: true });
    piped.out.result(result);
    piped.out.warn('odd');
    expect(piped.stdout.text).toBe('pairs 2\n');
    expect(piped.stderr.text).toBe('\u001b[33mwarning:\u001b[39m odd\n');
    const logged = setup({ outTTY: true });
    logged.out.result(result);
    logged.out.warn('odd');
    expect(logged.stdout.text).toBe('\u001b[1mpairs\u001b[22m 2\n');
    expect(logged.stderr.text).toBe('warning: odd\n');
  });
});

describe('C9: control characters in text are shown, not obeyed', () => {
  test('escape sequences, returns, C1 codes, bidirectional overrides; tabs, newlines and letters stay', () => {
    expect(visible('a\u001b[2Kb\rc\u0000\u007f\u009b')).toBe('a\\x1b[2Kb\\x0dc\\x00\\x7f\\x9b');
    expect(visible('\u202egnp.exe\u2066 \u2028')).toBe('\\u202egnp.exe\\u2066 \\u2028');
    expect(visible('a\tb\nç 😀 שלום')).toBe('a\tb\nç 😀 שלום');
    expect(visible(visible('\u001b'))).toBe('\\x1b');
  });

  test('in notes, warnings and progress labels', () => {
    const { stderr, out, pass } = setup();
    out.note('\u001b[31mred');
    out.warn('x\ry');
    const progress = out.progress('read \u001b]0;title\u0007', 10);
    pass(11_000);
    progress.update(5);
    expect(stderr.text).toBe('\\x1b[31mred\nwarning: x\\x0dy\nread \\x1b]0;title\\x07  50 %, 11 s left\n');
  });
});

test('human text ends in one newline, and empty text prints nothing', () => {
  const { stdout, out } = setup();
  out.result({ ...result, human: () => 'a\n' });
  out.result({ ...result, human: () => '' });
  out.result({ ...result, human: () => 'b' });
  expect(stdout.text).toBe('a\nb\n');
});

test('durations', () => {
  expect([0, 59.4, 59.6, 200, 3600, 7500, -1].map(formatSeconds)).toEqual([
    '0 s',
    '59 s',
    '1 min 0 s',
    '3 min 20 s',
    '1 h 0 min',
    '2 h 5 min',
    '0 s',
  ]);
});

describe('live text', () => {
  test('is for people at a terminal', () => {
    expect(setup().out.live()).toBeUndefined();
    for (const mode of ['json', 'quiet'] as const)
      expect(setup({ outTTY: true, mode }).out.live()).toBeUndefined();
  });

  test('grows as it is; its end ends a line that has begun, once, and nothing follows', () => {
    const { stdout, out } = setup({ outTTY: true });
    const live = out.live()!;
    live.write(({ bold }) => bold('ask'));
    live.write(() => ' and\nans');
    live.write(() => '');
    expect(stdout.text).toBe('\u001b[1mask\u001b[22m and\nans');
    live.end();
    live.end();
    live.write(() => 'late');
    expect(stdout.text).toBe('\u001b[1mask\u001b[22m and\nans\n');
  });

  test('adds no line where none has begun', () => {
    for (const text of ['', 'whole\n']) {
      const { stdout, out } = setup({ outTTY: true });
      const live = out.live()!;
      live.write(() => text);
      live.end();
      expect(stdout.text).toBe(text);
    }
  });

  test('takes a status line away before it writes', () => {
    const { stdout, stderr, out } = setup({ outTTY: true, errTTY: true });
    out.progress('loading', 10).update(5);
    const before = stderr.text;
    out.live()!.write(() => 'x');
    expect([stdout.text, stderr.text.slice(before.length)]).toEqual(['x', '\r\u001b[2K']);
  });
});
