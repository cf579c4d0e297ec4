import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../../test/support/tiny_model.ts';
import { devicesFor, thisInstallation } from '../onnx/device.ts';
import { loadOnnxRuntime } from '../onnx/runtime.ts';
import { CHECKPOINT_FILE } from '../train/sae/training_checkpoint.ts';
import { runCli } from './run.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'antipode-train-'));
  await writeTinyModel(join(cwd, 'model'));
  await mkdir(join(cwd, 'empty'));
  await writeFile(join(cwd, 'texts.txt'), Array.from({ length: 40 }, (_, i) => `w${2 + i} w3`).join('\n'));
});
afterAll(() => rm(cwd, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(flags: readonly string[], stdin = ''): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const code = await runCli(['train', 'sae', ...flags], {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: (async function* () {
      yield Buffer.from(stdin);
    })(),
    env: { HOME: cwd, HF_HUB_OFFLINE: '1' },
    cwd,
    signal: new AbortController().signal,
  });
  return { code, ...written };
}

const BASE = ['-m', 'model', '--text', 'texts.txt', '--out', 'sae'];

/** None of these gets as far as opening the model. */
async function refusal(flags: readonly string[]): Promise<string> {
  const { code, stderr, stdout } = await run([...BASE, ...flags]);
  expect(stdout).toBe('');
  expect(readdirSync(cwd).filter((name) => name.startsWith('sae'))).toEqual([]);
  return `${code} ${stderr}`;
}

describe('C15: a dry run', () => {
  it('says what would be trained and what it takes', async () => {
    const { code, stdout } = await run([
      ...BASE,
      '--layer',
      '1',
      '--tokens',
      '100000',
      '--dry-run',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dry_run: true,
      model: 'model',
      hook_name: 'blocks.1.hook_resid_post',
      d_in: 20,
      text: { file: 'texts.txt', documents: 40, held_out: 2 },
      context: 48,
      settings: { architecture: 'batchtopk', d_sae: 160, k: 32, steps: 98, batch: 1024, seed: 0 },
      tokens: 98 * 1024,
      memory_bytes: { buffer: 524_288 * 20 * 4 },
    });
    expect(readdirSync(cwd).sort()).toEqual(['empty', 'model', 'texts.txt']);
  });

  it('names SAELens’s standard architecture, other hooks, texts from stdin', async () => {
    const flags = ['-m', 'model', '--text', '-', '--out', 'sae', '--hook', 'blocks.0.hook_resid_pre'];
    const more = ['--architecture', 'standard', '--sparsity', '5', '--dry-run'];
    const { stdout } = await run([...flags, ...more], 'w2 w3\nw4 w5\n');
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'stdin: 2 texts (12 B), 1 held out',
      'blocks.0.hook_resid_pre: 20 -> 160, relu, 4,000 steps of 1,024 tokens',
    ]);
  });
});

const { listSupportedBackends } = await loadOnnxRuntime();
const hasCuda = devicesFor('auto', thisInstallation(listSupportedBackends())).includes('cuda');

describe('a dry run refuses what the training would', () => {
  const dry = ['--layer', '1', '--steps', '9', '--dry-run'];
  it('a training to go on with that is not there', async () => {
    expect(await refusal([...dry, '--resume'])).toContain(
      '2 error: sae.training: there is no training to go',
    );
  });

  it('one that was interrupted, and other settings than it was begun with', async () => {
    const { stdout } = await run([...BASE, ...dry, '--json']);
    const plan = JSON.parse(stdout) as { settings: { steps: number } };
    expect(plan.settings.steps).toBe(9);
    await mkdir(join(cwd, 'half.training'));
    const begun = { tool: 'antipode', schema: 'sae-training-under-way', begun_with: { '--steps': 10 } };
    await writeFile(join(cwd, 'half.training', 'training.json'), JSON.stringify(begun));
    await writeFile(join(cwd, 'half.training', CHECKPOINT_FILE), '');
    const out = [...BASE, '--out', 'half', ...dry];
    expect((await run(out)).stderr).toContain('half.training: holds a training that was interrupted');
    const resumed = await run([...out, '--resume']);
    expect([resumed.code, resumed.stdout]).toEqual([2, '']);
    expect(resumed.stderr).toContain('--steps was 10, now 9');
    expect(readdirSync(join(cwd, 'half.training')).sort()).toEqual([CHECKPOINT_FILE, 'training.json']);
    await rm(join(cwd, 'half.training'), { recursive: true });
  });

  it.skipIf(hasCuda)('a device that is not here (CUDA is here: skipped)', async () => {
    expect(await refusal([...dry, '--device', 'cuda'])).toContain('3 error: device cuda: ');
  });
});

describe('refused', () => {
  it.each([
    [[], '2 error: train sae: --hook or --layer is missing\nnext: add --layer 2'],
    [
      ['--layer', '7'],
      '2 error: --layer 7: there is no layer 7 (the model has layers from 0 to 2)\nnext: name one of these, such as --layer 1',
    ],
    [
      ['--hook', 'blocks.0.attn.hook_z'],
      '2 error: hook blocks.0.attn.hook_z: the model shows no such place (expected one of',
    ],
    [['--hook', 'resid.1', '--layer', '1'], '2 error: --hook and --layer: both say where the SAE reads'],
    [
      ['--layer', '1', '--architecture', 'jumprelu', '--k', '4'],
      '2 error: training: --k is 4 (jumprelu has none)\nnext: its sparsity is set by --sparsity',
    ],
    [
      ['--layer', '1', '--architecture', 'jumprelu'],
      '2 error: training: jumprelu needs a sparsity coefficient\nnext: add --sparsity',
    ],
    [['--layer', '1', '--k', '161'], '2 error: training: --k is 161 (expected at most --d-sae, 160)'],
    [
      ['--layer', '1', '--architecture', 'topk', '--sparsity', '1'],
      '2 error: training: --sparsity is 1 (topk has none)\nnext: its sparsity is set by --k',
    ],
    [
      ['--layer', '1', '--architecture', 'standard'],
      '2 error: training: standard needs a sparsity coefficient',
    ],
    [
      ['--layer', '1', '--steps', '9', '--warmup', '10'],
      '2 error: training: --warmup is 10 (expected at most the steps, 9)',
    ],
    [
      ['--layer', '1', '--batch-size', '1048576', '--d-sae', '16384'],
      '2 error: training: arrays of --batch-size (1048576) by --d-sae (16384)',
    ],
    [
      ['--layer', '1', '--architecture', 'topk', '--format', 'both'],
      '2 error: format gemma-scope: a topk SAE cannot be',
    ],
    [
      ['--layer', '1', '--steps', '9', '--tokens', '9'],
      '2 error: --steps and --tokens: both say how long it takes',
    ],
    [['--layer', '1', '--buffer', '20'], '2 error: buffer: got 20 tokens, expected 48 (one row) to'],
    [
      ['--layer', '1', '--format', 'onnx'],
      '2 error: --format: got "onnx", expected one of saelens, gemma-scope, both',
    ],
    [
      ['--layer', '1', '--resume'],
      '2 error: sae.training: there is no training to go on with\nnext: leave --resume out',
    ],
    [['--layer', '1', '--text', 'absent.txt'], 'absent.txt: no such file\nnext: check its name'],
    [
      ['--layer', '1', '--model', 'empty'],
      'empty/config.json: no such file\nnext: name the folder of a model',
    ],
    [
      ['--layer', '1', '--model', 'absent'],
      '3 error: absent: no folder of this name, and not whole in the Hugging Face cache',
    ],
    [['--layer', '1', '--text', 'model'], '1 error: '],
    [
      ['--layer', '1', '--field', 'text'],
      '2 error: texts.txt: is read as plain text, which has no field text',
    ],
  ])('%j', async (flags, message) => {
    expect(await refusal(flags)).toContain(message);
  });

  it.each([
    ['empty.txt', '', '1 error: empty.txt: holds no text (0 bytes, expected at least one document)'],
    [
      'one.txt',
      'w2 w3 w4',
      '2 error: --held-out 0.05: one.txt holds 1 text, too few to hold out that share\nnext: add --held-out 0',
    ],
    [
      'binary.txt',
      Uint8Array.of(0x77, 0x32, 0, 1, 0x0a),
      '1 error: binary.txt:1: holds a zero byte: this is a binary file',
    ],
    ['latin.txt', Uint8Array.of(0x77, 0x32, 0x0a, 0xe4, 0x0a), '1 error: latin.txt:2: not UTF-8 text'],
    ['broken.jsonl', '{"text":"w2"}\r\n{"text":', '1 error: broken.jsonl:2: not JSON'],
    [
      'field.jsonl',
      '{"body":"w2"}\n',
      '1 error: field.jsonl:1: has no field text (it has body)\nnext: name the field',
    ],
    ['number.jsonl', '{"text":5}\n', '1 error: number.jsonl:1: field text is a number, expected a string'],
    [
      'long.jsonl',
      `{"text":"${'w2 '.repeat(6e6)}"}\n`,
      '1 error: long.jsonl:1: the line is longer than 16777216 bytes',
    ],
  ])('%s', async (name, content, message) => {
    await writeFile(join(cwd, name), content);
    const refused = await refusal(['--layer', '1', '--text', name]);
    expect(refused).toContain(message);
    expect(refused).toMatch(/\nnext: \S+/);
  });

  it('folders of others, and only those that are in the way', async () => {
    for (const name of ['mine', 'half.training']) {
      await mkdir(join(cwd, name));
      await writeFile(join(cwd, name, 'notes.txt'), 'mine');
      const out = name.replace('.training', '');
      const { code, stderr } = await run([...BASE, '--layer', '1', '--out', out]);
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining('holds notes.txt, which antipode did not write there'),
      ]);
      expect(existsSync(join(cwd, name, 'notes.txt'))).toBe(true);
    }
  });

  it.each(['--model', '--text', '--out'])('without %s', async (name) => {
    const flags = ['--model', 'model', '--text', 'texts.txt', '--out', 'sae'];
    flags.splice(flags.indexOf(name), 2);
    expect((await run(flags)).stderr).toMatch(
      `error: train sae: ${name} is missing\nnext: antipode train sae --help`,
    );
  });
});

it('a line of 10 MB is cut, and said', async () => {
  await writeFile(join(cwd, 'long.txt'), `${'w2 '.repeat(3.5e6)}\nw3 w4\n`);
  const { stderr } = await run([
    '-m',
    'model',
    '--text',
    'long.txt',
    '--out',
    'sae',
    '--layer',
    '1',
    '--dry-run',
  ]);
  expect(stderr).toBe('long.txt: 1 document is longer than 524288 bytes and read up to there\n');
});
