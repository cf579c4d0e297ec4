/** @file `antipode doctor`: what this installation is made of, where it keeps files and what is there, whether its engine runs and, when asked, the network. */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { formatBytes } from './output.ts';

export interface Finding {
  readonly name: string;
  readonly value: string;
  readonly ok: boolean;
}

export function doctorCommand(context: CliContext): Command {
  const command = new Command('doctor')
    .alias('env')
    .description(
      'Prints versions, cache folders, free space, the state of ONNX Runtime, and which models and SAEs are at hand; exits with 5 if something is broken.',
    )
    .option('--network', 'also ask the servers that data comes from, for three seconds at most')
    .action(async ({ network }: { network?: boolean }) => {
      const findings = await examine(context);
      if (network) {
        const { examineNetwork } = await import('./doctor_network.ts');
        findings.push(...(await examineNetwork(context)));
      }
      context.out().result({
        human: ({ red }) =>
          findings.map(({ name, value, ok }) => `${name.padEnd(20)} ${ok ? value : red(value)}`).join('\n'),
        json: () => findings,
        quiet: () => findings.filter(({ ok }) => !ok).map(({ name }) => name),
      });
      const broken = findings.filter(({ ok }) => !ok).map(({ name }) => name);
      if (broken.length > 0) throw new AntipodeError('check', `not in order: ${broken.join(', ')}`);
    });
  return withExamples(command, ['antipode doctor', 'antipode doctor --network --json']);
}

async function examine(context: CliContext): Promise<Finding[]> {
  const { env } = context;
  const [{ antipodeCacheDir, hfHubCacheDir }, { listCache }, { onnxRuntimeVersion, packageVersion }, os] =
    await Promise.all([
      import('../hub/cache_dirs.ts'),
      import('../hub/cache_store.ts'),
      import('./version.ts'),
      import('node:os'),
    ]);
  const { examineData } = await import('./doctor_data.ts');
  const cached = await listCache(env);
  const bytes = cached.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const fact = (name: string, value: string): Finding => ({ name, value, ok: true });
  return [
    fact('antipode', packageVersion()),
    fact('node', `${process.versions.node}, ${process.platform}-${process.arch}`),
    fact('cores', String(os.availableParallelism())),
    fact('memory', formatBytes(os.totalmem())),
    await writable('cache', antipodeCacheDir(env)),
    fact('cached', `${cached.length} ${cached.length === 1 ? 'entry' : 'entries'}, ${formatBytes(bytes)}`),
    fact('hugging face cache', hfHubCacheDir(env)),
    ...(await examineData(context)),
    await engine(onnxRuntimeVersion()),
    await embeddedDefault(),
  ];
}

/** The language model and the SAEs that ship with antipode, by the ids that commands take. */
async function embeddedDefault(): Promise<Finding> {
  const { EMBEDDED_MODEL_FOLDER, EMBEDDED_MODEL_ID, EMBEDDED_SAES } = await import(
    '../hub/embedded_default.ts'
  );
  const { existsSync } = await import('node:fs');
  const { join } = await import('node:path');
  const parts = [
    join(EMBEDDED_MODEL_FOLDER, 'model.safetensors'),
    ...EMBEDDED_SAES.flatMap(({ concepts, explanations, weights }) => [weights, explanations, concepts]),
  ];
  const missing = parts.find((path) => !existsSync(path));
  const ids = EMBEDDED_SAES.map(({ id }) => id).join(', ');
  return {
    name: 'embedded default',
    value:
      missing === undefined
        ? `model ${EMBEDDED_MODEL_ID}, SAEs ${ids}`
        : `${missing} is not there: install antipode again`,
    ok: missing === undefined,
  };
}

/** A product of two vectors through the real engine. */
async function engine(version: string): Promise<Finding> {
  const name = 'onnxruntime';
  try {
    const { createProductEngine } = await import('../onnx/product.ts');
    const product = await createProductEngine();
    const [value] = await product.multiply(
      Float32Array.of(1, 2),
      Float32Array.of(3, 4),
      { m: 1, n: 1, d: 2 },
      new Float32Array(1),
    );
    await product.close();
    return {
      name,
      value: value === 11 ? `${version}, runs` : `${version}, computes ${value} for 11`,
      ok: value === 11,
    };
  } catch (error) {
    return {
      name,
      value: `${version}, does not run: ${error instanceof Error ? error.message : String(error)}`,
      ok: false,
    };
  }
}

/** The folder, or the nearest existing one above it, must take files: tried, because rights do not tell (root, /proc, read-only disks). */
async function writable(name: string, path: string): Promise<Finding> {
  const { checkOutputFile } = await import('../formats/atomic.ts');
  const { join } = await import('node:path');
  try {
    await checkOutputFile(join(path, 'file'));
    return { name, value: path, ok: true };
  } catch {
    return { name, value: `${path} (not writable)`, ok: false };
  }
}
