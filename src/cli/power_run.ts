/** @file The work of `antipode power`: opens what was named, simulates, prints the tables and writes the run folder. */

import { resolve } from 'node:path';
import { checkAgainst } from '../concepts/concept_set.ts';
import { checkOutputDirectory } from '../formats/atomic.ts';
import { measurePower } from '../geometry/power.ts';
import { formatCount } from '../report/display.ts';
import { powerDisplay } from '../report/power_display.ts';
import { POWER_SCHEMA_VERSION, type PowerSubject, powerTables } from '../report/power_tables.ts';
import { runFolderKind } from '../report/run_directory.ts';
import type { CliContext } from './context.ts';
import { showDryRun } from './dry_run.ts';
import { checkCounts, type GeometryInput, openGeometryInputs } from './geometry_inputs.ts';
import { planConcepts } from './geometry_plan.ts';
import { knowsDensities } from './known_densities.ts';
import { visible } from './output.ts';
import type { PowerFlags } from './power_flags.ts';
import { conceptOptionWords, inputFiles, optionWords, saeFacts, versionFacts } from './run_facts.ts';
import { giveResult } from './run_result.ts';
import { planSae, type SaePlan } from './sae_plan.ts';
import { closeAll } from './several_saes.ts';
import { withStages } from './stage_progress.ts';

const FOLDER = runFolderKind('power');

/** @throws {AntipodeError} for anything named that is missing or wrong; nothing is written then */
export async function runPower(context: CliContext, flags: PowerFlags): Promise<void> {
  const out = flags.out === undefined ? undefined : resolve(context.cwd, flags.out);
  if (out !== undefined) await checkOutputDirectory(out, FOLDER);
  if (flags.dryRun) {
    await planPower(context, flags);
    return;
  }
  const inputs = await openGeometryInputs(context, flags);
  try {
    const subjects: PowerSubject[] = [];
    for (const input of inputs) subjects.push(await simulate(context, flags, input));
    await giveResult(context, flags.out, {
      kind: FOLDER,
      title: 'How small an opposition would be found',
      tables: powerTables(subjects),
      display: powerDisplay(subjects),
      facts: {
        schema: 'power',
        schema_version: POWER_SCHEMA_VERSION,
        ...versionFacts(),
        command: commandLine(flags),
        seed: flags.seed,
        parameters: {
          spaces: flags.spaces,
          level: flags.level,
          power: flags.power,
          draws: flags.draws,
          effects: flags.effect ?? [],
        },
        saes: inputs.map(({ sae, concepts, explanationFacts }) => ({
          ...saeFacts(sae.header),
          concepts: { id: concepts.id, title: concepts.title, sha256: concepts.sha256 },
          explanations: explanationFacts,
        })),
      },
      inputs: inputs.flatMap(({ sae, explanationFiles }) => inputFiles(sae, explanationFiles)),
      ids: [],
    });
  } finally {
    await closeAll(inputs);
  }
}

async function simulate(
  context: CliContext,
  flags: PowerFlags,
  { sae, concepts, notes }: GeometryInput,
): Promise<PowerSubject> {
  const { header } = sae;
  const warnings = checkAgainst(concepts, header.dSae, header.identity);
  for (const warning of warnings) context.out().warn(visible(warning));
  const hasDensities = knowsDensities(notes, header.dSae);
  return withStages(context, async (update) => {
    const spaces: PowerSubject['spaces'][number][] = [];
    for (const [done, space] of flags.spaces.entries()) {
      update(`${header.identity.label}: power, ${space}`, done, flags.spaces.length);
      const rows = await sae.readSpace(space);
      const found = await measurePower({
        rows: { rows, rowOf: (feature) => feature, isWhole: true },
        concepts: concepts.concepts,
        ...(hasDensities && { densityOf: (feature: number) => notes.density(feature) }),
        level: flags.level,
        power: flags.power,
        draws: flags.draws,
        seed: flags.seed,
        shifts: flags.effect ?? [],
        signal: context.signal,
      });
      spaces.push({ space, found });
    }
    return { header, concepts, warnings, spaces };
  });
}

async function planPower(context: CliContext, flags: PowerFlags): Promise<void> {
  checkCounts(flags);
  const saes: SaePlan[] = [];
  for (const ref of flags.sae) saes.push(await planSae(context, flags, ref));
  const concepts = await planConcepts(context, flags);
  showDryRun(context, {
    saes,
    steps: [
      ...concepts.map(
        ({ id, concepts: count, pairs }) =>
          `draw random features in the places of the ${count} concepts (${pairs} pairs) of ${visible(id)}`,
      ),
      `simulate ${formatCount(flags.draws)} draws per test with seed ${flags.seed} in ${flags.spaces.join(' and ')}`,
    ],
    facts: { concepts, draws: flags.draws },
    out: flags.out,
  });
}

/** The command that gives the same result. */
function commandLine(flags: PowerFlags): string[] {
  return [
    'antipode',
    'power',
    ...conceptOptionWords(flags),
    ...optionWords('--spaces', flags.spaces.join(',')),
    ...optionWords('--effect', flags.effect?.join(',')),
    ...optionWords('--level', flags.level),
    ...optionWords('--power', flags.power),
    ...optionWords('--draws', flags.draws),
    ...optionWords('--seed', flags.seed),
  ];
}
