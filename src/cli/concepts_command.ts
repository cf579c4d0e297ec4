/** @file `antipode concepts list`, `show`, `check` and `discover`: the shipped catalogues, users' concept files, and proposals for new ones. */

import { Command } from 'commander';
import type { Concept, ConceptCounts, ConceptSet, Overlap } from '../concepts/concept_set.ts';
import { type DisplayTable, left, right } from '../report/display.ts';
import { discoverCommand } from './concepts_discover.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { type Style, visible } from './output.ts';

export function conceptsCommand(context: CliContext): Command {
  return withExamples(
    new Command('concepts')
      .description(
        'Shows the pairs of opposite concepts that ship with antipode, finds others in explanations, and checks your own.',
      )
      .addCommand(listCommand(context))
      .addCommand(showCommand(context))
      .addCommand(checkCommand(context))
      .addCommand(discoverCommand(context)),
    [
      'antipode concepts show article-10',
      'antipode concepts discover --out opposites.yaml',
      'antipode concepts check my_concepts.yaml',
    ],
  );
}

function listCommand(context: CliContext): Command {
  return withExamples(
    new Command('list').description('Lists the catalogues that ship with antipode.').action(async () => {
      const { catalogue, catalogueIds } = await import('../concepts/catalogues.ts');
      const { countConcepts } = await import('../concepts/concept_set.ts');
      const { renderText } = await import('../report/text.ts');
      const sets = catalogueIds().flatMap((id) => catalogue(id) ?? []);
      context.out().result({
        human: ({ bold }) =>
          renderText([catalogueTable(sets.map((set) => ({ set, counts: countConcepts(set) })))], {
            sanitize: visible,
            bold,
          }),
        json: () => sets.map((set) => ({ ...identityOf(set), ...countsOf(countConcepts(set)) })),
        quiet: () => sets.map(({ id }) => id),
      });
    }),
    ['antipode concepts list', 'antipode concepts list --json'],
  );
}

function showCommand(context: CliContext): Command {
  return withExamples(
    new Command('show')
      .description(
        'Prints concept pairs with their feature indices; --json prints the shape that files have.',
      )
      .argument('<concepts>', 'a catalogue (article-10, article-20), a YAML or JSON file, or - for stdin')
      .action(async (name: string) => {
        const { countConcepts, overlaps } = await import('../concepts/concept_set.ts');
        const { renderText } = await import('../report/text.ts');
        const set = await load(context, name);
        context.out().result({
          human: ({ bold }) =>
            renderText([conceptTable(set, countConcepts, overlaps(set))], { sanitize: visible, bold }),
          json: () => set.concepts.map(shapeOf),
          quiet: () => set.concepts.map(({ concept }) => visible(concept)),
        });
      }),
    ['antipode concepts show article-10', 'antipode concepts show article-20 --json > my_concepts.json'],
  );
}

function checkCommand(context: CliContext): Command {
  return withExamples(
    new Command('check')
      .description('Checks a concept file: exit code 0 and its counts, or 5 and every problem with its line.')
      .argument('<file>', 'a YAML or JSON file, a catalogue, or - for stdin')
      .action(async (name: string) => {
        const { countConcepts, overlaps } = await import('../concepts/concept_set.ts');
        const set = await load(context, name).catch(asFailedCheck);
        const counts = countConcepts(set);
        const found = overlaps(set);
        context.out().result({
          human: (style) => checkText(set, counts, found, style),
          json: () => ({
            valid: true,
            ...identityOf(set),
            ...countsOf(counts),
            struck: set.struck ?? 0,
            overlaps: found,
          }),
          quiet: () => [visible(name)],
        });
      }),
    [
      'antipode concepts check my_concepts.yaml',
      'antipode concepts show article-20 --json | antipode concepts check -',
    ],
  );
}

/** A malformed file is what the command looks for, so that it has found it is a check that did not pass. */
async function asFailedCheck(error: unknown): Promise<never> {
  const { AntipodeError } = await import('../errors.ts');
  if (!(error instanceof AntipodeError) || error.kind !== 'format') throw error;
  throw new AntipodeError('check', error.message, { ...(error.hint && { hint: error.hint }), cause: error });
}

async function load(context: CliContext, name: string): Promise<ConceptSet> {
  const { loadConcepts } = await import('../concepts/load_concepts.ts');
  return loadConcepts(name, { cwd: context.cwd, stdin: context.stdin });
}

/** Exactly the shape that concept files have, whatever else a set carries. */
function shapeOf({ concept, a, b }: Concept): Concept {
  return {
    concept,
    a: { label: a.label, features: a.features },
    b: { label: b.label, features: b.features },
  };
}

function identityOf(set: ConceptSet): Record<string, unknown> {
  return {
    id: set.id,
    title: set.title,
    source: set.source ?? null,
    sae: set.sae ?? null,
    neuronpedia_id: set.neuronpediaId ?? null,
    layer: set.layer ?? null,
    sha256: set.sha256,
  };
}

function countsOf(counts: ConceptCounts): Record<string, number> {
  const { concepts, slots, features, pairs, skippedPairs } = counts;
  return { concepts, slots, features, pairs, skipped_pairs: skippedPairs };
}

function catalogueTable(sets: readonly { set: ConceptSet; counts: ConceptCounts }[]): DisplayTable {
  return {
    title: 'Concept catalogues',
    columns: [left('id'), right('concepts'), right('features'), right('pairs'), left('SAE'), left('title')],
    rows: sets.map(({ set, counts }) => [
      set.id,
      String(counts.concepts),
      String(counts.features),
      String(counts.pairs),
      set.sae ?? '',
      set.title,
    ]),
    notes: [
      'antipode concepts show ID prints one; wherever a catalogue is taken, your own YAML or JSON file is too.',
    ],
  };
}

function conceptTable(
  set: ConceptSet,
  count: (set: ConceptSet) => ConceptCounts,
  found: readonly Overlap[],
): DisplayTable {
  const counts = count(set);
  return {
    title: set.title,
    columns: [left('concept'), left('A'), left('B'), right('pairs')],
    rows: set.concepts.map((concept) => [
      concept.concept,
      `${concept.a.label} (${concept.a.features.join(', ')})`,
      `${concept.b.label} (${concept.b.features.join(', ')})`,
      String(count({ ...set, concepts: [concept] }).pairs),
    ]),
    notes: [
      ...(set.sae === undefined ? [] : [`SAE: ${set.sae}`]),
      ...(set.source === undefined ? [] : [`source: ${set.source}`]),
      ...(set.struck === undefined ? [] : [`${counted(set.struck, 'concept')} struck in review`]),
      countSentence(counts),
      ...overlapSentences(counts, found),
    ],
  };
}

function checkText(
  set: ConceptSet,
  counts: ConceptCounts,
  found: readonly Overlap[],
  { bold, dim }: Style,
): string {
  const sae = set.sae ?? set.neuronpediaId ?? (set.layer === undefined ? undefined : `layer ${set.layer}`);
  return [
    `${bold(visible(set.id))}: valid, ${countSentence(counts)}${set.struck === undefined ? '' : `, ${counted(set.struck, 'concept')} struck`}`,
    ...overlapSentences(counts, found).map((line) => visible(line)),
    sae === undefined
      ? dim('no SAE is named: that every index exists is checked when one is used')
      : visible(`made for ${sae}`),
  ].join('\n');
}

function countSentence({ concepts, slots, features, pairs }: ConceptCounts): string {
  return `${counted(concepts, 'concept')}, ${counted(features, 'feature')} in ${counted(slots, 'slot')}, ${counted(pairs, 'pair')}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const SHOWN_OVERLAPS = 20;

function overlapSentences({ skippedPairs }: ConceptCounts, found: readonly Overlap[]): string[] {
  const lines = found
    .slice(0, SHOWN_OVERLAPS)
    .map(
      ({ feature, places }) =>
        `feature ${feature} stands in ${places.length} places: ${places.map(({ concept, label }) => `${concept} / ${label}`).join('; ')}`,
    );
  if (found.length > lines.length)
    lines.push(`and ${found.length - lines.length} more features in several places`);
  if (skippedPairs > 0) {
    lines.push(
      `${counted(skippedPairs, 'pair')} of a feature with itself left out, because its cosine is 1 by definition`,
    );
  }
  return lines;
}
