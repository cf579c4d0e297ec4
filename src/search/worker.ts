/**
 * @file A worker of every search on this machine's processor: it stays alive between searches and does one job at a time. It must never be terminated while a product runs,
 * because ONNX Runtime then aborts the whole process; a job ends early when the stop flag is set.
 */

import { parentPort } from 'node:worker_threads';
import { runAntipodality } from './antipodal_pass.ts';
import { collectGarbage } from './collect_garbage.ts';
import { runFloatPass } from './float_pass.ts';
import type { WorkerNews } from './found.ts';
import { createColumnBlock } from './int8_product.ts';
import { runPass } from './int8_tiles.ts';
import type { Answers, Job, WorkerReply } from './jobs.ts';
import { createKernelModule } from './kernel_module.ts';
import { runNearest } from './nearest_pass.ts';
import { survey } from './plan_survey.ts';
import { quantiseRows } from './quantise.ts';
import { matchRows, sketchRows } from './seeds_match.ts';
import { type ByteProduct, exactLevels } from './self_test.ts';

const module = createKernelModule();

const product: ByteProduct = async (a, b, { m, k, n }) => {
  const block = await createColumnBlock(b, k, n);
  try {
    const products = new Int32Array(m * n);
    await block.multiply(a, m, products);
    return products;
  } finally {
    await block.release();
  }
};

async function run(job: Job, tell: (news: WorkerNews) => void): Promise<Answers[Job['kind']]> {
  switch (job.kind) {
    case 'quantise':
      return quantiseRows(job, module);
    case 'sketch':
      return sketchRows(job, module);
    case 'match':
      return matchRows(job, module);
    case 'survey':
      return survey(job);
    case 'pass':
      return runPass(job, module, tell);
    case 'nearest':
      return runNearest(job, module);
    case 'antipodality':
      return runAntipodality(job, [module, createKernelModule()]);
    case 'floats':
      return runFloatPass(job, module);
    case 'selfTest':
      return exactLevels(product);
    case 'letGo':
      collectGarbage();
      return true;
  }
}

if (parentPort) {
  const port = parentPort;
  port.on('message', ({ id, job }: { id: number; job: Job }) => {
    run(job, (news) => port.postMessage({ id, news } satisfies WorkerReply)).then(
      (answer) => port.postMessage({ id, answer } satisfies WorkerReply),
      (error: unknown) => port.postMessage({ id, failure: String(error) } satisfies WorkerReply),
    );
  });
}
