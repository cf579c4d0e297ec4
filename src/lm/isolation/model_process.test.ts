import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { failure, fixture, LONG, openIsolated } from '../../../test/support/isolated_models.ts';
import { LISTS_PROCESSES, untilGone } from '../../../test/support/processes.ts';
import { openInProcess } from './open_isolated_model.ts';

describe('the end of the process', () => {
  test.each([
    [
      'SIGKILL',
      /^gpt2: the process of the model was killed \(SIGKILL, as by a system that runs out of memory\)$/,
    ],
    ['SIGSEGV', /^gpt2: the process of the model crashed \(SIGSEGV\)$/],
    ['SIGABRT', /^gpt2: the process of the model crashed \(SIGABRT\)$/],
    ['SIGTERM', /^gpt2: the process of the model was ended \(SIGTERM\)$/],
  ] as const)('%s is one sentence in all calls, and another can be opened', async (signal, sentence) => {
    const model = await openIsolated('gpt2');
    const past = await model.createPast(1);
    const pending = [model.forward(LONG), model.forward({ tokens: [[1]], past }), model.createPast(1)];
    await sleep(200);
    process.kill(model.pid, signal);
    const errors = await Promise.all(pending.map(failure));
    for (const later of [model.forward({ tokens: [[1]] }), model.releasePast(past)])
      errors.push(await failure(later));
    for (const error of errors) {
      expect(error.message).toMatch(sentence);
      expect([error.kind, typeof error.hint]).toEqual(['resource', 'string']);
    }
    await model.close();
    expect((await (await openIsolated('gpt2')).forward({ tokens: [[1]] })).logits!.shape[0]).toBe(1);
  });

  test('too little JavaScript memory is said, with its last words', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-isolation-'));
    await writeFile(join(folder, 'config.json'), `[${'[],'.repeat(4e6)}[]]`);
    const start = { subject: 'deep\u202e', execArgv: ['--max-old-space-size=64'] };
    const error = await failure(openInProcess(folder, {}, start));
    await rm(folder, { recursive: true });
    expect(error.message).toMatch(
      /^deep\\u\{202e\}: the process of the model ran out of memory \(SIG\w+; its last words: FATAL ERROR: .*heap out of memory\)$/,
    );
  });

  const canLimit = LISTS_PROCESSES && spawnSync('prlimit', ['--version']).status === 0;

  test.skipIf(!canLimit)(
    'too little memory for native code is said, and the caller goes on (needs prlimit)',
    async () => {
      const model = await openInProcess(
        fixture('gpt2'),
        { threads: 1, maxTokensAtOnce: 1e9 },
        { subject: 'x' },
      );
      const status = await readFile(`/proc/${model.pid}/status`, 'utf8');
      const bytes = 1024 * Number(/VmSize:\s+(\d+) kB/.exec(status)![1]) + 5e7;
      execFileSync('prlimit', ['--pid', String(model.pid), `--as=${bytes}`]);
      const error = await failure(model.forward(LONG));
      // ONNX Runtime says it where it can, and ends the process where it cannot.
      expect(error.message).toMatch(
        /^x: the process of the model ran out of memory|ONNX Runtime cannot run|^memory: /,
      );
      expect(error.kind).toBe('resource');
      await model.close();
    },
  );

  test('one that does not end when it is closed is killed', async () => {
    const model = await openIsolated('gpt2');
    process.kill(model.pid, 'SIGSTOP');
    await model.close();
    await untilGone(model.pid);
  });

  test('Ctrl-C, which all processes of a terminal get, is left to the caller', async () => {
    const model = await openIsolated('gpt2');
    for (let i = 0; i < 3; i++) process.kill(model.pid, 'SIGINT');
    expect((await model.forward({ tokens: [[1]] })).logits!.shape[0]).toBe(1);
  });

  test.skipIf(!LISTS_PROCESSES)('Linux takes it first where memory runs out', async () => {
    const model = await openIsolated('gpt2');
    expect(await readFile(`/proc/${model.pid}/oom_score_adj`, 'utf8')).toBe('1000\n');
  });

  test.skipIf(!LISTS_PROCESSES)('it sees no tokens and no options of Node', async () => {
    const secret = {
      HF_TOKEN: 'hf_x',
      OPENAI_API_KEY: 'sk',
      NODE_OPTIONS: '--no-warnings',
      HF_HOME: '/nowhere',
    };
    const before = Object.keys(secret).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, secret);
    const model = await openIsolated('gpt2');
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    const environment = (await readFile(`/proc/${model.pid}/environ`, 'utf8')).split('\0');
    expect(environment).toContain('ORT_DISABLE_TELEMETRY=1');
    expect(environment).toContain('HF_HOME=/nowhere');
    expect(environment.filter((one) => /HF_TOKEN|API_KEY|NODE_OPTIONS/.test(one))).toEqual([]);
  });
});

describe('a signal', () => {
  test('that has fired opens nothing; while loading and in a run it ends the process at once', async () => {
    expect((await failure(openIsolated('gpt2', AbortSignal.abort()))).kind).toBe('interrupted');
    const loading = new AbortController();
    const pending = failure(openIsolated('gpt2', loading.signal));
    await sleep(30);
    loading.abort();
    expect((await pending).kind).toBe('interrupted');
    const running = new AbortController();
    const model = await openIsolated('gpt2', running.signal);
    const calls = [failure(model.forward(LONG)), failure(model.forward({ tokens: [[1]] }))];
    await sleep(200);
    const started = performance.now();
    running.abort();
    expect((await Promise.all(calls)).map(({ kind }) => kind)).toEqual(['interrupted', 'interrupted']);
    expect(performance.now() - started).toBeLessThan(500);
    expect((await failure(model.forward({ tokens: [[1]] }))).kind).toBe('interrupted');
    await model.close();
    await untilGone(model.pid);
  });
});
