/** @file All figures of a geometry run, from its tables: one of all SAEs together, then a file for each SAE and kind; each with a caption. */

import type { Table } from '../../formats/table.ts';
import { conceptsFigure } from './concepts_figure.ts';
import { drawnSaes, drawnVerdicts, sameFeatureDrawings } from './drawn_saes.ts';
import {
  conceptsCaption,
  OVERVIEW_CAPTION,
  populationCaption,
  sameFeatureCaption,
  twoSpacesCaption,
} from './figure_captions.ts';
import { overviewFigure } from './overview_figure.ts';
import { populationFigure } from './population_figure.ts';
import { sameFeatureFigure } from './same_feature_figure.ts';
import { twoSpacesFigure } from './two_spaces_figure.ts';

/** Those of a single SAE. */
export const GEOMETRY_FIGURE_KINDS = ['population', 'concepts', 'two-spaces', 'same-feature'] as const;

export type GeometryFigureKind = 'overview' | (typeof GEOMETRY_FIGURE_KINDS)[number];

export interface GeometryFigure {
  /** Undefined for that of all together. */
  readonly sae: string | undefined;
  readonly kind: GeometryFigureKind;
  /** `population-organism-1-res-2k.svg`. */
  readonly file: string;
  readonly svg: string;
  readonly caption: string;
}

/** By SAE, each in the order of the kinds; what the tables do not hold is not drawn. */
export async function geometryFigures(tables: readonly Table[]): Promise<GeometryFigure[]> {
  const figures: GeometryFigure[] = [];
  const overview = await overviewFigure(drawnVerdicts(tables));
  if (overview !== undefined)
    figures.push({
      sae: undefined,
      kind: 'overview',
      file: 'overview.svg',
      svg: overview,
      caption: OVERVIEW_CAPTION,
    });
  const same = new Map(sameFeatureDrawings(tables).map((drawing) => [drawing.label, drawing]));
  for (const sae of drawnSaes(tables)) {
    const own = same.get(sae.label);
    const add = (kind: GeometryFigureKind, svg: string | undefined, caption: () => string): void => {
      if (svg === undefined) return;
      figures.push({
        sae: sae.label,
        kind,
        file: `${kind}-${fileStem(sae.label)}.svg`,
        svg,
        caption: caption(),
      });
    };
    add('population', await populationFigure(sae), () => populationCaption(sae));
    add('concepts', await conceptsFigure(sae), () => conceptsCaption(sae));
    add('two-spaces', await twoSpacesFigure(sae), () => twoSpacesCaption(sae));
    add('same-feature', own && (await sameFeatureFigure(own)), () => sameFeatureCaption(own!));
  }
  return figures;
}

/** Labels are distinct within a run, and stay so here: whatever is not plain becomes its code. */
function fileStem(label: string): string {
  return label.replace(/[^A-Za-z0-9._-]/g, (letter) => `~${letter.codePointAt(0)!.toString(16)}`);
}
