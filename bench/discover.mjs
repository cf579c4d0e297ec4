/**
 * @file Time of `discoverOpposites` on as many explanations as dictionaries have: those of the embedded default, over and over. No peer does this. Build first:
 * `npm run bench:discover`. Processor time beside elapsed time, for machines that are not quiet; medians of five.
 */
import { discoverOpposites, openExplanations } from '../dist/index.js';

const texts = [];
for (const id of ['organism/1-res-2k', 'organism/2-res-2k']) {
  const lookup = await openExplanations(id, { env: {}, cwd: '/' });
  for (const feature of lookup.explained()) for (const { text } of lookup.all(feature)) texts.push(text);
}
const median = (values) => values.toSorted((left, right) => left - right)[values.length >> 1];

// The word lists are read once.
discoverOpposites([]);
for (const features of [2048, 16_384, 65_536]) {
  const rows = Array.from({ length: features }, (_, feature) => ({
    feature,
    text: texts[feature % texts.length],
  }));
  const elapsed = [];
  const processor = [];
  for (let round = 0; round < 5; round++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    discoverOpposites(rows);
    elapsed.push(performance.now() - start);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1000);
  }
  console.log(
    `${features} explanations: ${Math.round(median(elapsed))} ms elapsed, ${Math.round(median(processor))} ms of processor time`,
  );
}
