/** @file What `antipode steer run` and `antipode judge` print: tables for people, the same as JSON, the folder last. */

import { rowsOf, type Table } from '../formats/table.ts';
import { STEERING_SCHEMA_VERSION, steeringTables } from '../report/steering_tables.ts';
import { renderText } from '../report/text.ts';
import type { SteeringPlan } from '../steering/steering_plan.ts';
import type { JudgeUsage } from './judge_stage.ts';
import { type Result, visible } from './output.ts';
import type { SteerFolder } from './steer_folder.ts';
import type { SteeringReport } from './steer_report.ts';

export interface RunResult {
  readonly folder: SteerFolder;
  readonly plan: SteeringPlan;
  readonly report: SteeringReport;
  readonly usage: readonly JudgeUsage[];
}

/** Left to the files: they have a row per reply, or per token. */
const FILE_ONLY = new Set(['replies', 'verdicts', 'activations']);

export function runResult({ folder, plan, report: { display, subject }, usage }: RunResult): Result {
  return {
    human: ({ bold }) => {
      const costs = usage.flatMap(usageSentence);
      const parts = [renderText(display, { sanitize: visible, bold }), ...costs, visible(folder.shown)];
      return parts.join('\n\n');
    },
    json: () => ({
      schema: 'steering',
      schema_version: STEERING_SCHEMA_VERSION,
      out: folder.shown,
      plan,
      judging: usage,
      tables: Object.fromEntries(shownTables(steeringTables(subject))),
    }),
    quiet: () => [visible(folder.shown)],
  };
}

function shownTables(tables: readonly Table[]): [string, unknown][] {
  return tables.filter(({ name }) => !FILE_ONLY.has(name)).map((table) => [table.name, rowsOf(table)]);
}

/** Only of judges that count what they cost. */
function usageSentence({ title, pass, usage, cost }: JudgeUsage): string[] {
  if (!usage) return [];
  const counts = Object.entries(usage).map(([name, n]) => `${name.replaceAll('_', ' ')} ${n}`);
  const price = cost === null ? '' : `, cost ${cost.toFixed(4)}`;
  return [visible(`${title}${pass === 1 ? '' : `, pass ${pass}`}: ${counts.join(', ')}${price}`)];
}
