/** @file What `bench:generate` says about its numbers: medians with their span, ratios pair by pair, differences of logits. */

const VOCABULARY = 256_000;
/** The counterpart of a precision among llama.cpp's block types. */
const PEER_OF = { q8: 'q8_0', q4: 'q4_0' };
/** A quantised model must still be the same model; random weights forgive less than trained ones. */
const LEAST_CORRELATION = { q8: 0.99, q8_0: 0.99, q4: 0.5, q4_0: 0.5, exact: 1 - 1e-6, f32: 1 - 1e-6 };

export const median = (values) => {
  const sorted = values.toSorted((x, y) => x - y);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/**
 * Against exact (else the first): the largest difference, that relative to the reference's standard deviation, the lowest correlation of a position,
 * and at how many positions the most likely token is the same. And a precision against its counterpart.
 */
export function compareLogits(checks) {
  const names = Object.keys(checks);
  const reference = names.includes('exact') ? 'exact' : names[0];
  const pairs = names.filter((name) => name !== reference).map((name) => [name, reference]);
  for (const [mode, peer] of Object.entries(PEER_OF)) {
    if (names.includes(mode) && names.includes(peer)) pairs.push([peer, mode]);
  }
  return pairs.map(([name, to]) => ({ name, to, ...differences(checks[name], checks[to]) }));
}

function differences(values, reference) {
  const positions = reference.length / VOCABULARY;
  let [largest, correlation, sameTop, squares] = [0, 1, 0, 0];
  for (let position = 0; position < positions; position++) {
    const [from, to] = [position * VOCABULARY, (position + 1) * VOCABULARY];
    const one = moments(values.subarray(from, to), reference.subarray(from, to));
    largest = Math.max(largest, one.largest);
    correlation = Math.min(correlation, one.correlation);
    squares += one.variance;
    sameTop += one.isSameTop ? 1 : 0;
  }
  const deviation = Math.sqrt(squares / positions);
  return { largest, relative: largest / deviation, correlation, sameTop, positions };
}

function moments(a, b) {
  const n = a.length;
  let [sumA, sumB, aa, bb, ab, largest, topA, topB] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i], b[i]];
    sumA += x;
    sumB += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
    // Not Math.max: a NaN must not get lost.
    if (!(Math.abs(x - y) <= largest)) largest = Math.abs(x - y);
    if (x > a[topA]) topA = i;
    if (y > b[topB]) topB = i;
  }
  const [varA, varB] = [aa / n - (sumA / n) ** 2, bb / n - (sumB / n) ** 2];
  const correlation = (ab / n - (sumA / n) * (sumB / n)) / Math.sqrt(varA * varB);
  return { largest, correlation, variance: varB, isSameTop: topA === topB };
}

/** @returns the lines of the report, and whether every check held */
export function report({ machine, settings, firstUse, logits, results }) {
  const { layers, rounds, threads, prompts, steps, checked } = settings;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}, ${machine.peer ?? 'no peer'}`,
    `Gemma 2 2B's shapes, ${layers} layers, random weights; ${threads} threads, ${rounds} rounds, a process each, files in the page cache; tokens/s, median [min..max]`,
    'memory: medians of all resident pages (those of the process alone + pages of files, which the system may drop)',
    '',
    row([
      '',
      'load, s',
      'loaded, MB',
      'ran, MB',
      'peak, MB',
      ...prompts.map((n) => `prefill ${n}`),
      'decode',
    ]),
    ...Object.entries(results).map(([name, runs]) => resultRow(name, runs, prompts)),
    '',
  ];
  for (const [name, time] of Object.entries(firstUse)) {
    lines.push(`${name}: quantised and opened for the first time in ${time.toFixed(1)} s`);
  }
  for (const [mode, peer] of Object.entries(PEER_OF)) lines.push(...ratios(results, mode, peer, prompts));
  for (const [name, runs] of Object.entries(results)) lines.push(...hookLine(name, runs));
  lines.push('', `logits at ${checked} positions:`);
  for (const { name, to, largest, relative, correlation, sameTop, positions } of logits) {
    const size = `largest difference ${largest.toExponential(1)} (${relative.toExponential(1)} standard deviations)`;
    lines.push(
      `${name} against ${to}: ${size}, correlation at least ${correlation.toFixed(6)}, same top token at ${sameTop} of ${positions}`,
    );
  }
  const faults = faultsOf(results, logits, steps);
  return { lines: [...lines, ...faults], isRight: faults.length === 0 };
}

const WIDTHS = [7, 18, 18, 18, 9];
const row = (cells) => cells.map((cell, i) => String(cell).padEnd(WIDTHS[i] ?? 24)).join(' ');

function resultRow(name, runs, prompts) {
  const of = (read, digits) => {
    const values = runs.map(read);
    const shown = (value) => value.toFixed(digits);
    return `${shown(median(values))} [${shown(Math.min(...values))}..${shown(Math.max(...values))}]`;
  };
  const mb = (read) => median(runs.map(read)).toFixed(0);
  const resident = (when) =>
    runs[0].ran.anon === undefined
      ? mb((run) => run[when].rss)
      : `${mb((run) => run[when].rss)} (${mb((run) => run[when].anon)}+${mb((run) => run[when].file)})`;
  return row([
    name,
    of(({ load }) => load, 2),
    resident('loaded'),
    resident('ran'),
    mb(({ ran }) => ran.peak ?? Number.NaN),
    ...prompts.map((count) => of(({ prefill }) => prefill[count], 1)),
    of(({ decode }) => decode, 2),
  ]);
}

function ratios(results, mode, peer, prompts) {
  const [ours, theirs] = [results[mode], results[peer]];
  if (!ours || !theirs) return [];
  const ratio = (read) => median(ours.map((run, i) => read(run) / read(theirs[i]))).toFixed(2);
  const parts = prompts.map((count) => `prefill ${count} ${ratio(({ prefill }) => prefill[count])}`);
  return [`${mode} / ${peer}, pair by pair: ${parts.join(', ')}, decode ${ratio(({ decode }) => decode)}`];
}

/** Medians of the pairs' ratios; the span is that of the rounds' own medians. */
function hookLine(name, runs) {
  const rounds = runs.map(({ hooks = [] }) => hooks.map(([plain, hooked]) => hooked / plain));
  const all = rounds.flat();
  if (all.length === 0) return [];
  const percent = (value) => `${(100 * (value - 1)).toFixed(1)} %`;
  const medians = rounds.map(median);
  return [
    `${name}: steering one layer and capturing a residual costs ${percent(median(all))} of a step, median of ${all.length} pairs [${percent(Math.min(...medians))}..${percent(Math.max(...medians))} by round]`,
  ];
}

function faultsOf(results, logits, steps) {
  const faults = [];
  const wrote = (name) => results[name]?.map(({ tokens }) => tokens.join(' '));
  for (const name of Object.keys(results)) {
    if (new Set(wrote(name)).size > 1)
      faults.push(`FAULT: ${name} wrote different greedy tokens in different rounds`);
  }
  const [exact, f32] = [wrote('exact'), wrote('f32')];
  if (exact?.[0] !== undefined && f32?.[0] !== undefined && exact[0] !== f32[0]) {
    faults.push(`FAULT: exact and f32 differ in the ${steps + 1} greedy tokens`);
  }
  for (const { name, to, correlation } of logits) {
    if (!(correlation >= LEAST_CORRELATION[name])) faults.push(`FAULT: ${name} is another model than ${to}`);
  }
  return faults;
}
