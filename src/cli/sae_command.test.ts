import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixture, golden, temporaryFolder, UNKNOWN_MAP } from '../../test/support/sae_fixtures.ts';
import { runCli } from './run.ts';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let home: string;

beforeAll(async () => {
  home = await temporaryFolder();
});

async function run(...argv: readonly string[]): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const code = await runCli(argv, {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: (async function* () {})(),
    env: { HOME: home, HF_HUB_OFFLINE: '1', HF_HUB_CACHE: join(home, 'hub') },
    cwd: fixture(''),
    signal: new AbortController().signal,
  });
  return { code, ...written };
}

describe('sae inspect', () => {
  it('C3 prints one JSON document with what numpy computes', async () => {
    const { code, stdout, stderr } = await run('sae', 'inspect', 'gemma_scope/params.npz', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const result = JSON.parse(stdout);
    const expected = golden['gemma_scope']!;
    const cosines = expected.same_feature_cosines;
    expect(result).toMatchObject({
      label: 'gemma_scope',
      format: 'gemma-scope',
      architecture: 'jumprelu',
      d_in: 6,
      d_sae: 10,
    });
    expect(result.decoder.norms.max).toBeCloseTo(Math.max(...expected.decoder_norms), 11);
    expect(result.encoder.norms.min).toBeCloseTo(Math.min(...expected.encoder_norms), 11);
    expect(result.same_feature_cosine.mean).toBeCloseTo(cosines.reduce((a, b) => a + b, 0) / 10, 12);
    expect(result.same_feature_cosine.min.feature).toBe(cosines.indexOf(Math.min(...cosines)));
    expect(result.same_feature_cosine.max.cosine).toBeCloseTo(Math.max(...cosines), 12);
    expect(result.files).toEqual([{ path: fixture('gemma_scope/params.npz'), bytes: 1824 }]);
  });

  it('lists zero and non-finite rows, and leaves them out of norms and cosines', async () => {
    const { stdout } = await run('sae', 'inspect', 'bad_rows', '--json');
    const { encoder, decoder, same_feature_cosine } = JSON.parse(stdout);
    expect(encoder.zero_rows).toEqual({ count: 1, first: [3] });
    expect(encoder.non_finite_rows).toEqual({ count: 1, first: [5] });
    expect(decoder.zero_rows).toEqual({ count: 2, first: [0, 9] });
    expect(decoder.non_finite_rows).toEqual({ count: 1, first: [7] });
    expect(same_feature_cosine.count).toBe(5);
    expect(encoder.norms.min).toBeGreaterThan(0);
    const human = await run('sae', 'inspect', 'bad_rows');
    expect(human.stdout).toMatch(/W_dec zero +2 \(0, 9\)/);
    expect(human.stdout).toMatch(/mean -?\d\.\d{4} over 5 features/);
  });

  it('C4 prints the path of the weights when quiet', async () => {
    const { stdout } = await run('sae', 'inspect', 'saelens_v6_topk', '-q');
    expect(stdout).toBe(`${fixture('saelens_v6_topk/sae_weights.safetensors')}\n`);
  });

  it('says for people what it found', async () => {
    const { stdout } = await run('sae', 'inspect', 'saelens_v6_standard');
    for (const part of [
      /^saelens_v6_standard\n/,
      /format +saelens, F32\n/,
      /d_in, d_sae +6, 10 \(1\.67 features per dimension\)/,
      /hook +blocks\.8\.hook_resid_pre\n/,
      /densities +2 features never fired, median of the others 0\.15\n/,
      /cfg\.json \(316 bytes\)/,
      /- W_enc is stored \[d_in, d_sae\]/,
    ])
      expect(stdout).toMatch(part);
  });

  it('reads an unknown layout by --map', async () => {
    const map = UNKNOWN_MAP.flatMap((entry) => ['--map', entry]);
    const { code, stdout } = await run('sae', 'inspect', 'unknown/dictionary.pt', ...map, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      format: 'mapped',
      architecture: 'topk',
      k: 4,
      threshold: null,
    });
  });

  it.each([
    [['nothing.npz'], 3, /error: nothing\.npz: no such file or folder/],
    [
      ['gemma-2-2b/20-gemmascope-res-16k'],
      3,
      /next: .*antipode download gemma-2-2b\/20-gemmascope-res-16k \(or: hf download google\/gemma-scope-2b-pt-res layer_20/,
    ],
    [['unknown/dictionary.pt'], 1, /next: name the tensors, for example --map W_enc=encoder_weights/],
    [['unknown/dictionary.pt', '--map', 'W_enc'], 2, /--map W_enc: expected NAME=TENSOR/],
    [['gemma_scope', '--transpose', 'W'], 2, /--transpose: got "W", expected W_enc or W_dec/],
    [['gemma_scope', '--transpose', 'W_dec'], 1, /next: leave out --transpose W_dec/],
    [['make_fixtures.py'], 1, /make_fixtures\.py: /],
    [[], 2, /missing required argument/],
  ])('C7 C9 %j ends with %i', async (args, code, message) => {
    const result = await run('sae', 'inspect', ...args);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(message);
  });

  it('C3 reports an error as JSON too', async () => {
    const { stdout } = await run('sae', 'inspect', 'nothing.npz', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'missing' } });
  });

  it('C1 shows purpose, examples and options', async () => {
    const { code, stdout } = await run('sae', 'inspect', '--help');
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 5).join('\n')).toMatch(
      /^Shows shapes.*\n\nExamples:\n {2}\$ antipode sae inspect/,
    );
    expect(stdout).toMatch(/--transpose <matrix>/);
  });
});

describe('sae list', () => {
  it('finds by every word, in any case', async () => {
    const { stdout } = await run('sae', 'list', 'GEMMA-2-2B/20-gemmascope-res', '16k', '-q');
    expect(stdout).toBe('gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71\n');
  });

  it('C3 prints rows with what is needed to fetch each', async () => {
    const { stdout } = await run('sae', 'list', 'gemma-2-2b/20-gemmascope-res-16k', '--json');
    expect(JSON.parse(stdout)).toEqual([
      {
        release: 'gemma-scope-2b-pt-res',
        sae_id: 'layer_20/width_16k/average_l0_71',
        aliases: ['gemma-scope-2b-pt-res-canonical/layer_20/width_16k/canonical'],
        neuronpedia_id: 'gemma-2-2b/20-gemmascope-res-16k',
        embedded_id: null,
        model: 'gemma-2-2b',
        hook_name: 'blocks.20.hook_resid_post',
        l0: 71,
        repo_id: 'google/gemma-scope-2b-pt-res',
        files: ['layer_20/width_16k/average_l0_71/params.npz'],
        is_cached: false,
      },
    ]);
  });

  it('C3 an empty list is [], and a note says so to people', async () => {
    expect((await run('sae', 'list', 'no-such-sae', '--json')).stdout).toBe('[]\n');
    const { code, stdout, stderr } = await run('sae', 'list', 'no-such-sae');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/nothing with no-such-sae among the registered SAEs/);
  });

  it('begins with the embedded default, which is always here', async () => {
    const { stdout } = await run('sae', 'list', 'organism', '-q');
    expect(stdout).toBe('organism/1-res-2k\norganism/2-res-2k\n');
  });

  it('does not call the ids of the embedded default names on Neuronpedia', async () => {
    const { stdout } = await run('sae', 'list', 'organism');
    const rows = ['organism/1-res-2k', 'organism/2-res-2k'].map(
      (id) => `${id}  -            -   ships with antipode`,
    );
    expect(stdout).toBe(['SAE                Neuronpedia  L0  cached', ...rows, ''].join('\n'));
    const listed = JSON.parse((await run('sae', 'list', 'organism/1', '--json')).stdout);
    expect(listed).toMatchObject([{ neuronpedia_id: null, embedded_id: 'organism/1-res-2k' }]);
    const shown = await run('sae', 'inspect', 'organism/1-res-2k');
    expect(shown.stdout).not.toContain('Neuronpedia');
    expect(shown.stdout).toMatch(/embedded +organism\/1-res-2k: ships with antipode\n/);
    const inspected = JSON.parse((await run('sae', 'inspect', 'organism/1-res-2k', '--json')).stdout);
    expect(inspected).toMatchObject({ neuronpedia_id: null, embedded_id: 'organism/1-res-2k' });
  });

  it('marks what is in the Hugging Face cache', async () => {
    expect((await run('sae', 'list', 'gemma-scope', '--cached', '--json')).stdout).toBe('[]\n');
    const snapshot = join(home, 'hub/models--google--gemma-scope-2b-pt-res/snapshots/abc');
    const target = join(snapshot, 'layer_10/width_16k/average_l0_77/params.npz');
    await mkdir(dirname(target), { recursive: true });
    await cp(fixture('gemma_scope/params.npz'), target);
    const { stdout } = await run('sae', 'list', 'gemma-scope', '--cached');
    expect(stdout).toMatch(/^SAE +Neuronpedia +L0 +cached\n/);
    expect(stdout).toMatch(/average_l0_77 +gemma-2-2b\/10-gemmascope-res-16k +77 +yes\n$/);
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });
});
