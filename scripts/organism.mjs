/**
 * @file Makes the embedded default anew: `npm run organism`. Runs on dist/, prints stages and what is left of them, goes on where it was interrupted.
 */
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

const HELP = `npm run organism -- [options]

  --out DIR       where the result goes (default: organism/, with --quick .organism/quick/out)
  --work DIR      where stages are kept, and gone on with (default: .organism/full or .organism/quick)
  --from STAGE    makes this stage and all behind it anew
  --until STAGE   ends behind this stage, without a result
  --only STAGE    both: this stage alone, made anew
  --quick         a few steps of everything: shows the way, its result is of no use
  --threads N     of ONNX Runtime (default: its own choice, the physical cores)
  --list          prints the stages
`;

function refuse(problem, hint = 'npm run organism -- --help shows the options') {
  console.error(`error: ${problem}\nnext: ${hint}`);
  process.exit(2);
}

function givenOptions() {
  try {
    return parseArgs({
      options: {
        out: { type: 'string' },
        work: { type: 'string' },
        from: { type: 'string' },
        until: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        threads: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    // Node says in further sentences how such words could be meant otherwise.
    const [problem] = error.message.split(/\. |\n/);
    return refuse(problem.replace(/\.$/, ''));
  }
}

/** ONNX Runtime takes no more. */
const MAX_THREADS = 1024;

function checkThreads({ threads }) {
  if (threads === undefined) return;
  const isCount = /^\d+$/.test(threads) && Number(threads) >= 1 && Number(threads) <= MAX_THREADS;
  if (!isCount) refuse(`--threads: got "${threads}", expected a whole number from 1 to ${MAX_THREADS}`);
}

function checkStages({ from, only, until }, stages) {
  for (const [name, stage] of Object.entries({ from, only, until })) {
    if (stage === undefined || stages.includes(stage)) continue;
    refuse(`--${name}: there is no stage "${stage}" (expected one of ${stages.join(', ')})`);
  }
  if (only !== undefined && (from !== undefined || until !== undefined)) {
    refuse('--only excludes --from and --until: it is both');
  }
  if (from !== undefined && until !== undefined && stages.indexOf(until) < stages.indexOf(from)) {
    refuse(`--until ${until} is before --from ${from}`, `the stages are, in order: ${stages.join(', ')}`);
  }
}

const values = givenOptions();
checkThreads(values);
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const load = (path) => import(join(root, 'dist', path));
const { remakeOrganism, stagesOf } = await load('organism/remake/remake_organism.js');
const { ORGANISM_SETTINGS, QUICK_SETTINGS } = await load('organism/settings.js');
const { conceptsFound, polesFound } = await load('organism/remake/card.js');
const { describeError } = await load('cli/errors.js');

const settings = values.quick ? QUICK_SETTINGS : ORGANISM_SETTINGS;
checkStages(values, stagesOf(settings));
const kept = join(root, '.organism', values.quick ? 'quick' : 'full');
const out = resolve(values.out ?? (values.quick ? join(kept, 'out') : join(root, 'organism')));
const work = resolve(values.work ?? join(kept, 'work'));
const shown = (path) => relative(process.cwd(), path) || '.';

function time(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** One line that is written over on a terminal; elsewhere a line now and then. */
function createPrinter() {
  const { isTTY } = process.stdout;
  let stage;
  let began = performance.now();
  let last = 0;
  const close = (how = '') => {
    if (stage === undefined) return;
    if (isTTY) process.stdout.write('\r\u001b[K');
    console.log(`${stage}: ${how}${time((performance.now() - began) / 1000)}`);
  };
  return {
    show({ detail = '', fraction, secondsLeft, stage: name }) {
      const now = performance.now();
      if (name !== stage) {
        close();
        stage = name;
        began = now;
        last = 0;
      }
      if (last > 0 && now - last < (isTTY ? 200 : 15_000)) return;
      last = now;
      const left = secondsLeft === undefined ? '' : `, ${time(secondsLeft)} left`;
      const line = `${name} ${Math.floor(100 * fraction)} %${left}${detail && `: ${detail}`}`;
      if (isTTY) process.stdout.write(`\r\u001b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
      else console.log(line);
    },
    end: () => close(),
    stop: () => close('not done, stopped after '),
  };
}

function printCard(card) {
  const { loss, standardError, unigramLoss } = card.model.reporting;
  console.log(`\n${shown(out)}: ${card.files.reduce((sum, { bytes }) => sum + bytes, 0)} bytes`);
  console.log(
    `model: ${card.model.parameters} parameters, loss ${loss.toFixed(4)} +- ${standardError.toFixed(4)} (unigram ${unigramLoss.toFixed(4)})`,
  );
  for (const sae of card.saes) {
    const { concepts, dSae, id, reporting } = sae;
    const { cleanLoss, dead, explainedVariance, l0, splicedLoss } = reporting;
    const more = 100 * (splicedLoss / cleanLoss - 1);
    console.log(
      `${id}: explained variance ${explainedVariance.toFixed(4)}, L0 ${l0.toFixed(2)}, dead ${dead} of ${dSae}, spliced loss +${more.toFixed(2)} %, poles ${polesFound([sae]).length}, concepts ${conceptsFound(sae).length} by the rule and ${concepts.length} in the file`,
    );
  }
  console.log(`poles in any SAE: ${polesFound(card.saes).length}`);
  const { chosen } = card.steeringChoice;
  console.log(
    `steering: layer ${chosen.layer}, features ${chosen.a} and ${chosen.b}, ${chosen.relativeStrength} of the mean norm`,
  );
  for (const { counts, name, unsteeredNll } of card.steering.arms) {
    const cells = Object.entries(counts).map(([label, count]) => `${label} ${count}`);
    console.log(`${name.padEnd(9)} ${cells.join(', ')}, NLL ${unsteeredNll.toFixed(2)}`);
  }
  const seconds = card.seconds.reduce((sum, stage) => sum + stage.seconds, 0);
  console.log(`time of all stages: ${time(seconds)}`);
}

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    // The second time means it.
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
}

async function main() {
  const printer = createPrinter();
  const from = values.only ?? values.from;
  const until = values.only ?? values.until;
  try {
    const card = await remakeOrganism({
      settings,
      out,
      work,
      ...(from !== undefined && { from }),
      ...(until !== undefined && { until }),
      ...(values.threads !== undefined && { threads: Number(values.threads) }),
      date: new Date(),
      environment: {
        antipode: require('../package.json').version,
        node: process.versions.node,
        onnxruntime: require('onnxruntime-node/package.json').version,
        platform: `${platform()} ${arch()}`,
        cpu: cpus()[0]?.model ?? 'unknown',
        cores: availableParallelism(),
      },
      signal: controller.signal,
      onProgress: (progress) => printer.show(progress),
    });
    printer.end();
    if (card) printCard(card);
    else console.log(`${shown(work)}: holds the stages up to ${until}`);
  } catch (error) {
    printer.stop();
    const plain = (text) => text;
    const { exitCode, lines } = describeError(
      error,
      { bold: plain, dim: plain, red: plain, yellow: plain },
      false,
    );
    console.error(lines.join('\n'));
    process.exitCode = exitCode;
  }
}

if (values.list) console.log(stagesOf(settings).join('\n'));
else await main();
