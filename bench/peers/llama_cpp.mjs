/** @file One process of `bench:generate` on llama.cpp's side, through node-llama-cpp: the same tasks as `generate_antipode.mjs`. */
import { getLlama } from 'node-llama-cpp';
import { giveBack, memory, promptIds, readTask, saveLogits, seconds } from '../generate_task.mjs';

const VOCABULARY = 256_000;
const { path, threads, work, logitsFile, prompts, steps } = readTask();
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  maxThreads: threads,
  logLevel: 'error',
});
const began = performance.now();
const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 });
const context = await model.createContext({
  contextSize: Math.max(...prompts) + steps + 64,
  batchSize: 512,
  threads: { ideal: threads, min: threads },
});
const load = seconds(began);
const loaded = memory();
const sequence = context.getSequence();
const ids = (count) => promptIds(count, VOCABULARY);

async function check() {
  const tokens = ids(prompts[0]);
  const asked = tokens.map((token) => [token, { generateNext: { logits: true } }]);
  const outputs = await sequence.controlledEvaluate(asked);
  const values = new Float32Array(tokens.length * VOCABULARY);
  outputs.forEach(({ next }, row) => {
    for (const [token, logit] of next.logits) values[row * VOCABULARY + token] = logit;
  });
  saveLogits(logitsFile, values);
  return {};
}

/** Greedy tokens behind `tokens`, and the seconds that the first and the others took. */
async function write(tokens, count) {
  await sequence.clearHistory();
  const written = [];
  let start = performance.now();
  let first = 0;
  for await (const token of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
    written.push(token);
    if (written.length === 1) {
      first = seconds(start);
      start = performance.now();
    }
    if (written.length === count) break;
  }
  return { tokens: written, first, others: seconds(start) };
}

async function measure() {
  const { first: firstPass } = await write(ids(8), 3);
  const prefill = {};
  for (const count of prompts.toReversed()) prefill[count] = count / (await write(ids(count), 1)).first;
  const { tokens, others } = await write(ids(prompts[0]), steps + 1);
  return { firstPass, prefill, decode: steps / others, tokens, ran: memory() };
}

const result = await { open: async () => ({}), check, measure }[work]();
giveBack({
  load,
  loaded,
  ...result,
  threads: context.currentThreads,
  release: llama.llamaCppRelease.release,
});
await llama.dispose();
