/** @file The model card in words: `README.md` of the embedded default, written from the card's numbers and from nothing else. */

import { EMBEDDED_MODEL_ID } from '../../hub/embedded_default.ts';
import { type CardSae, conceptsFound, type OrganismCard, polesFound } from './card.ts';
import { amount, fixed, markdownTable, megabytes, minutes, percent } from './card_format.ts';
import { poleTable, steeringText } from './card_sections.ts';

export function readmeText(card: OrganismCard): string {
  const sections = [
    heading(card),
    contents(card),
    texts(card),
    languageModel(card),
    dictionaries(card),
    concepts(card),
    `## Steering\n\n${steeringText(card)}`,
    limits(card),
    remaking(card),
    LICENCE,
  ];
  return `${sections.map((section) => section.trim()).join('\n\n')}\n`;
}

function heading({ date, model, saes }: OrganismCard): string {
  const layers = saes.map(({ layer }) => layer).join(' and ');
  return `# The embedded default

A language model of ${amount(model.parameters)} parameters, sparse autoencoders of its residual stream behind layers ${layers}, what explains their features, and
which features stand for opposites: small enough to ship, so that the whole experiment runs on trained weights without a download. It was trained by
antipode itself on ${date}. Everything in this folder, this page included, is written by \`npm run organism\`; the numbers come from \`card.json\`.`;
}

const WHAT: readonly (readonly [RegExp, string])[] = [
  [/^model\/model\.safetensors$/, 'weights, float16'],
  [/^model\/config\.json$/, 'Gemma2ForCausalLM, as transformers reads it'],
  [/^model\/tokenizer\.json$/, 'byte-pair encoding with byte fallback'],
  [/^sae\//, 'Gemma Scope layout, matrices in float16'],
  [/^explanations\/.*\/explanations\//, "one sentence per feature, Neuronpedia's export format"],
  [/^explanations\/.*\/features\//, 'densities, largest activations and histograms'],
  [/^concepts\//, 'pairs of opposites with their features'],
];

function contents({ files, saes }: OrganismCard): string {
  const rows = files.map(({ bytes, file }) => [
    `\`${file}\``,
    amount(bytes),
    WHAT.find(([pattern]) => pattern.test(file))?.[1] ?? '',
  ]);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const [first] = saes;
  return `## What is here

${markdownTable(['file', 'bytes', ''], rows)}

Together ${megabytes(total)}. \`card.json\` has the SHA-256 of each. In antipode, \`--model ${EMBEDDED_MODEL_ID}\` is the model, ${saes.map(({ id }) => `\`--sae ${id}\``).join(' and ')} the SAEs,
and ${saes.map(({ catalogueId }) => `\`--concepts ${catalogueId}\``).join(' and ')} the pairs: \`antipode geometry --sae ${first?.id}\`.`;
}

function texts({ corpus, settings }: OrganismCard): string {
  const kinds = corpus.kinds
    .map(({ kind, texts }) => `${kind} ${percent(texts / corpus.texts, 0)}`)
    .join(', ');
  const { seeds } = settings;
  return `## The texts

Not one sentence comes from elsewhere: a grammar in \`src/organism/grammar\` writes them, from a seed. It has the 26 pairs of opposites of the article that antipode repeats; each
of the 52 poles has words of its own and sentences of its own, and says the same thing in several of them, so that it pays to carry it along. Kinds: ${kinds}. A text has ${fixed(corpus.meanTokens, 1)}
tokens on average; of ${amount(corpus.texts)} texts ${percent(corpus.distinctTexts / corpus.texts, 1)} are distinct.

Seeds are kept apart: ${seeds.training} for what the tokenizer and the model learn from, ${seeds.activations} for what the SAEs learn from, ${seeds.selection} for the texts by which features are chosen and explained, ${seeds.reporting} for the
texts of all numbers below. Of ${amount(corpus.texts)} texts of the last, ${percent(corpus.reportingTextsSeen / corpus.texts, 1)} stand word for word among as many of the first: the short ones that a grammar makes again.`;
}

function languageModel({ model, settings, tokenizer }: OrganismCard): string {
  const { config, training } = settings.model;
  const { reporting } = model;
  return `## The language model

Gemma 2's architecture: ${config['num_hidden_layers']} layers of width ${config['hidden_size']}, ${config['num_attention_heads']} heads over ${config['num_key_value_heads']} of keys and values, MLPs of width ${config['intermediate_size']}, windows of ${config['sliding_window']} tokens in every
second layer, soft caps, ${amount(tokenizer.vocabularyRows)} embeddings tied to the output (${amount(tokenizer.vocabulary)} tokens). Trained for ${amount(training.steps)} steps on ${amount(model.trainedTokens)} tokens.

${markdownTable(
  ['on texts of the reporting seed', ''],
  [
    ['texts', amount(reporting.texts)],
    ['tokens', amount(reporting.tokens)],
    [
      'loss, nats per token',
      `${fixed(reporting.loss, 4)} (standard error ${fixed(reporting.standardError, 4)})`,
    ],
    ['loss of a model that knows the frequency of each token only', fixed(reporting.unigramLoss, 4)],
  ],
)}`;
}

function dictionaries({ saes, settings }: OrganismCard): string {
  const column = (name: string, of: (sae: CardSae) => string): string[] => [name, ...saes.map(of)];
  const rows = [
    column('features', ({ dSae }) => amount(dSae)),
    column('active per token in training (BatchTopK)', ({ layer }) =>
      String(settings.saes.find((one) => one.layer === layer)?.training.k ?? ''),
    ),
    column('activations trained on', ({ trainedActivations }) => amount(trainedActivations)),
    column('explained variance', ({ reporting }) => fixed(reporting.explainedVariance, 4)),
    column('L0', ({ reporting }) => fixed(reporting.l0, 2)),
    column(
      'dead features',
      ({ dSae, reporting }) => `${reporting.dead} (${percent(reporting.dead / dSae, 2)})`,
    ),
    column('dense features (above 10 % of tokens)', ({ reporting }) => String(reporting.dense)),
    column('loss as it is', ({ reporting }) => fixed(reporting.cleanLoss, 4)),
    column('loss with the reconstruction', ({ reporting }) => {
      const more = reporting.splicedLoss / reporting.cleanLoss - 1;
      return `${fixed(reporting.splicedLoss, 4)} (+${percent(more, 2)})`;
    }),
    column('loss with the mean activation', ({ reporting }) => fixed(reporting.meanAblatedLoss, 4)),
    column('features with an explanation', ({ explanations }) => amount(explanations.explained)),
  ];
  const evaluated = saes[0]?.reporting;
  return `## The SAEs

Trained with BatchTopK and an auxiliary loss for dead features, written as JumpReLU: they read and write the residual stream behind the layer, rows of \`W_dec\` have length 1. Numbers
from ${amount(evaluated?.texts ?? 0)} texts (${amount(evaluated?.tokens ?? 0)} tokens) of the reporting seed, the beginning and the end of a text left out; "dead" is what none of these tokens activates.

${markdownTable(['', ...saes.map(({ id }) => `\`${id}\``)], rows)}`;
}

function concepts(card: OrganismCard): string {
  const { saes, settings } = card;
  const [first] = saes;
  if (!first) return '## Opposites';
  const { rule, texts } = first.catalogue;
  const perLayer = saes
    .map((sae) => {
      const kept = polesFound([sae]).length;
      return `\`${sae.id}\` has such features for ${kept} of ${sae.catalogue.poles.length} poles, and for both sides of ${conceptsFound(sae).length} of ${sae.catalogue.poles.length / 2} concepts`;
    })
    .join('; ');
  const inFiles = saes
    .map(({ catalogueId, concepts }) => `\`${catalogueId}\` has ${concepts.length}`)
    .join(' and ');
  return `## Opposites

A feature stands for a pole when at least ${percent(rule.minShare, 0)} of its activation lies on words that the grammar uses for that pole alone, on ${rule.minEffectiveWords} of them in effect (exp of the entropy) or
more, and it is active at ${rule.minTokens} tokens or more: chosen on ${amount(texts)} texts of the selection seed, then looked at again on as many of the reporting seed. On both, ${perLayer}; together they have
${polesFound(saes).length} of ${first.catalogue.poles.length} poles. How the features steer had no part in it. A pole without such a feature has, marked as the nearest, the one
with the largest share if that is at least ${percent(settings.catalogue.nearestShare, 0)}. The concept files count nearest features, and those that did not keep the rule on the reporting texts, as well: of ${first.catalogue.poles.length / 2} concepts
${inFiles}.

Feature, its share on the selection texts and on the reporting texts, its first words; the first feature of each pole:

${poleTable(card)}`;
}

function limits({ model, saes, settings }: OrganismCard): string {
  const width = Number(settings.model.config['hidden_size']);
  const sd = 1 / Math.sqrt(width);
  return `## Limits

- It knows its grammar and nothing else: a loss of ${fixed(model.reporting.loss, 2)} is one on fresh texts of that grammar. On any other English it babbles.
- One seed. Another one gives other features, other numbers, and poles found that are missing here.
- Words of a pole are defined by the grammar, and by the same words features are chosen and replies judged.
- In ${width} dimensions two random directions have a cosine of ${fixed(sd, 2)} in the standard deviation (${fixed(1 / Math.sqrt(2304), 2)} in Gemma 2 2B): read cosines of the ${saes.length} SAEs beside the random baseline that antipode prints.
- That opposites lie so or so in a model this small says nothing about large ones: it shows what is measured, not what is true of language.`;
}

function remaking({ environment, seconds }: OrganismCard): string {
  const total = seconds.reduce((sum, stage) => sum + stage.seconds, 0);
  const rows = seconds.map(({ seconds: took, stage }) => [stage, minutes(took)]);
  const { antipode, cores, cpu, node, onnxruntime, platform } = environment;
  return `## How to remake it

\`\`\`sh
npm run organism
\`\`\`

makes this folder anew from the seeds in \`src/organism/settings.ts\`, with nothing but this package, and goes on where it was interrupted. It took ${minutes(total)} on ${cores} cores (${cpu},
${platform}; antipode ${antipode}, Node ${node}, ONNX Runtime ${onnxruntime}). Texts and tokenizer come out the same everywhere; weights come out the same on the same machine with the same versions at best,
and alike in their numbers elsewhere.

${markdownTable(['stage', 'time'], rows)}`;
}

const LICENCE = `## Licence

Apache 2.0, as the rest of antipode: texts, weights, explanations and concept files are made by its own code from its own words.`;
