/** @file One process of `bench:generate` on antipode's side: opens the model, then checks logits or measures. Task and result are JSON. */
import { openLanguageModel } from '../dist/lm/session.js';
import { argmax, giveBack, memory, promptIds, readTask, saveLogits, seconds } from './generate_task.mjs';

const { folder, precision, cacheDir, threads, work, logitsFile, prompts, steps, pairs } = readTask();
let quantised = false;
const onProgress = () => {
  quantised = true;
};
const began = performance.now();
const model = await openLanguageModel(folder, { precision, cacheDir, threads, onProgress });
const load = seconds(began);
const loaded = memory();
const { layers, dModel, vocabSize } = model.config;
const ids = (count) => promptIds(count, vocabSize);

/** @returns the greedy next token of `tokens` behind `past` */
async function next(past, tokens, hooks = {}) {
  const { logits } = await model.forward({ tokens: [tokens], past, ...hooks });
  return argmax(logits.values);
}

async function check() {
  const { logits } = await model.forward({ tokens: [ids(prompts[0])], logits: 'all' });
  saveLogits(logitsFile, logits.values);
  return {};
}

async function measure() {
  const warm = await model.createPast(1, 16);
  const first = performance.now();
  await next(warm, ids(8));
  const firstPass = seconds(first);
  for (let i = 0; i < 2; i++) await next(warm, [300 + i]);
  const prefill = {};
  for (const count of prompts.toReversed()) {
    const past = await model.createPast(1, count + 1);
    const start = performance.now();
    await next(past, ids(count));
    prefill[count] = count / seconds(start);
    await model.releasePast(past);
  }
  const past = await model.createPast(1, prompts[0] + steps);
  const tokens = [await next(past, ids(prompts[0]))];
  const start = performance.now();
  for (let i = 0; i < steps; i++) tokens.push(await next(past, [tokens.at(-1)]));
  const decode = steps / seconds(start);
  await model.releasePast(past);
  return { firstPass, prefill, decode, tokens, hooks: await hookPairs(), ran: memory() };
}

/** Seconds of single steps without and with steering and a capture at the middle layer, in the order ABBA, so that drift weighs on both alike. */
async function hookPairs() {
  const at = layers >> 1;
  const values = Float32Array.from({ length: dModel }, (_, i) => Math.sin(i));
  const hooked = { steer: [{ at, values }], capture: [`resid.${at}`] };
  const past = await model.createPast(1, prompts[0] + 2 * pairs + 2);
  await next(past, ids(prompts[0]));
  for (const hooks of [hooked, {}]) await next(past, [300], hooks);
  const timed = async (hooks) => {
    const start = performance.now();
    await next(past, [300], hooks);
    return seconds(start);
  };
  const result = [];
  for (let i = 0; i < pairs; i++) {
    const order = i % 2 === 0 ? [{}, hooked] : [hooked, {}];
    const times = [await timed(order[0]), await timed(order[1])];
    result.push(i % 2 === 0 ? times : times.reverse());
  }
  return result;
}

const result = await { open: async () => ({}), check, measure }[work]();
giveBack({ load, loaded, quantised, ...result });
await model.close();
