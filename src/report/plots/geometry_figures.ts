/** @file All figures of a geometry run, from its tables: a file for each SAE and kind. */

import type { Table } from '../../formats/table.ts';
import { conceptsFigure } from './concepts_figure.ts';
import { drawnSaes, sameFeatureDrawings } from './drawn_saes.ts';
import { populationFigure } from './population_figure.ts';
import { sameFeatureFigure } from './same_feature_figure.ts';
import { twoSpacesFigure } from './two_spaces_figure.ts';

export const GEOMETRY_FIGURE_KINDS = ['population', 'concepts', 'two-spaces', 'same-feature'] as const;

export type GeometryFigureKind = (typeof GEOMETRY_FIGURE_KINDS)[number];

export interface GeometryFigure {
  readonly sae: string;
  readonly kind: GeometryFigureKind;
  /** `population-organism-1-res-2k.svg`. */
  readonly file: string;
  readonly svg: string;
}

/** By SAE, each in the order of the kinds; what the tables do not hold is not drawn. */
export async function geometryFigures(tables: readonly Table[]): Promise<GeometryFigure[]> {
  const figures: GeometryFigure[] = [];
  const same = new Map(sameFeatureDrawings(tables).map((drawing) => [drawing.label, drawing]));
  for (const sae of drawnSaes(tables)) {
    const own = same.get(sae.label);
    const drawn: Record<GeometryFigureKind, string | undefined> = {
      population: await populationFigure(sae),
      concepts: await conceptsFigure(sae),
      'two-spaces': await twoSpacesFigure(sae),
      'same-feature': own && (await sameFeatureFigure(own)),
    };
    for (const kind of GEOMETRY_FIGURE_KINDS) {
      const svg = drawn[kind];
      if (svg !== undefined)
        figures.push({ sae: sae.label, kind, file: `${kind}-${fileStem(sae.label)}.svg`, svg });
    }
  }
  return figures;
}

/** Labels are distinct within a run, and stay so here: whatever is not plain becomes its code. */
function fileStem(label: string): string {
  return label.replace(/[^A-Za-z0-9._-]/g, (letter) => `~${letter.codePointAt(0)!.toString(16)}`);
}
