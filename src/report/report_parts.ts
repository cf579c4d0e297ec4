/**
 * @file What the stages of an experiment hand to its report: display tables under their topics, verdicts, figures and replies, as `report.json` in the stage's folder.
 * A report is made of these alone, so that it can be made again without anything being measured.
 */

import { AntipodeError } from '../errors.ts';
import type { DisplayTable } from './display.ts';
import type { ReplyPair } from './html/report_page.ts';

export interface ReportFigure {
  /** Within the stage's folder, such as `figures/population-organism-1-res-2k.svg`. */
  readonly file: string;
  readonly kind: string;
  /** What there is to see in it. */
  readonly caption: string;
}

export interface SaePart {
  readonly label: string;
  /** Where its features have pages; embedded and unpublished ones have none. */
  readonly neuronpediaId: string | null;
  readonly verdicts: readonly SpaceWords[];
  readonly tables: readonly DisplayTable[];
  readonly figures: readonly ReportFigure[];
}

/** What is said of one space. */
export interface SpaceWords {
  readonly space: string;
  /** How many were tested; null where nothing was. */
  readonly concepts: number | null;
  readonly pairs: number | null;
  readonly sentences: readonly string[];
}

/** What is said of the labels of one judge. */
export interface JudgeWords {
  /** `Steering, labels by sentiment lexicon VADER`. */
  readonly about: string;
  /** The finding first. */
  readonly sentences: readonly string[];
}

export interface GeometryPart {
  readonly part: 'geometry';
  /** Of all SAEs together. */
  readonly figures: readonly ReportFigure[];
  readonly saes: readonly SaePart[];
}

export interface SteeringPart {
  readonly part: 'steering';
  readonly title: string;
  readonly neuronpediaId: string | null;
  /** One for each judge. */
  readonly verdict: readonly JudgeWords[];
  readonly tables: readonly DisplayTable[];
  readonly figures: readonly ReportFigure[];
  readonly replies: readonly ReplyPair[];
}

export type ReportPart = GeometryPart | SteeringPart;

/** Which stage leaves it. */
const STAGE_OF: Record<ReportPart['part'], string> = { geometry: 'statistics', steering: 'judge' };

/** Raised when the form changes. */
const FORM = 2;

export const PART_FILE = 'report.json';

export function partText(part: ReportPart): string {
  return `${JSON.stringify({ form: FORM, ...part }, null, 1)}\n`;
}

/** @param shown begins messages @throws {AntipodeError} `format` for what no stage of this version has written */
export function readPart<Kind extends ReportPart['part']>(
  text: string,
  kind: Kind,
  shown: string,
): Extract<ReportPart, { part: Kind }> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const found = value as { form?: unknown; part?: unknown } | null | undefined;
  if (found?.form !== FORM || found.part !== kind) {
    throw new AntipodeError('format', `${shown}: is not what this version writes there`, {
      hint: `antipode run SPEC --from ${STAGE_OF[kind]} makes it again`,
    });
  }
  return value as Extract<ReportPart, { part: Kind }>;
}
