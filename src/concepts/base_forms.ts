/**
 * @file What a word may be an inflected form of: the suffix rules of WordNet's morphy(7WN), and the irregular forms that opposites have. Knows no list of words: which
 * of the forms exist is for the caller to look up. Leaves out irregular plurals of other words.
 */

/** Ending, and what stands for it; earlier is likelier. */
const RULES: readonly (readonly [string, string])[] = [
  ['ies', 'y'],
  ['ches', 'ch'],
  ['shes', 'sh'],
  ['sses', 'ss'],
  ['xes', 'x'],
  ['zes', 'z'],
  ['ves', 'f'],
  ['ves', 'fe'],
  ['s', ''],
  ['es', ''],
  ['ied', 'y'],
  ['ed', 'e'],
  ['ed', ''],
  ['ing', 'e'],
  ['ing', ''],
  ['iest', 'y'],
  ['est', ''],
  ['est', 'e'],
  ['ier', 'y'],
  ['er', ''],
  ['er', 'e'],
  ['ily', 'y'],
  ['ly', ''],
  ['ly', 'le'],
];

/** A stem of one or two letters is no word that has an opposite: `ring` is not `r`. */
const MIN_STEM = 3;

const IRREGULAR: Readonly<Record<string, string>> = {
  said: 'say',
  left: 'leave',
  felt: 'feel',
  made: 'make',
  thought: 'think',
  found: 'find',
  meant: 'mean',
  saw: 'see',
  seen: 'see',
  knew: 'know',
  known: 'know',
  told: 'tell',
  bound: 'bind',
  ground: 'grind',
  bent: 'bend',
  won: 'win',
  lost: 'lose',
  bought: 'buy',
  sold: 'sell',
  rose: 'rise',
  risen: 'rise',
  fell: 'fall',
  fallen: 'fall',
  gave: 'give',
  given: 'give',
  took: 'take',
  taken: 'take',
  began: 'begin',
  begun: 'begin',
  came: 'come',
  went: 'go',
  gone: 'go',
  better: 'good',
  best: 'good',
  worse: 'bad',
  worst: 'bad',
  men: 'man',
  women: 'woman',
  children: 'child',
  wives: 'wife',
  hid: 'hide',
  hidden: 'hide',
  shown: 'show',
  kept: 'keep',
  sent: 'send',
  grew: 'grow',
  grown: 'grow',
  shrank: 'shrink',
  shrunk: 'shrink',
  froze: 'freeze',
  frozen: 'freeze',
  slept: 'sleep',
  woke: 'wake',
  stood: 'stand',
  sat: 'sit',
  forgot: 'forget',
  forgotten: 'forget',
  forgave: 'forgive',
  built: 'build',
  broke: 'break',
  broken: 'break',
  drew: 'draw',
  withdrew: 'withdraw',
  spent: 'spend',
  borrowed: 'borrow',
  lent: 'lend',
  taught: 'teach',
  learnt: 'learn',
  died: 'die',
  dying: 'die',
  lied: 'lie',
  lying: 'lie',
  further: 'far',
  farther: 'far',
  lives: 'life',
};

/** The forms that `word` (lower case) may come from, likeliest first; without itself. */
export function baseForms(word: string): string[] {
  const irregular = IRREGULAR[word];
  const forms = irregular === undefined || !Object.hasOwn(IRREGULAR, word) ? [] : [irregular];
  for (const [ending, stands] of RULES) {
    if (!word.endsWith(ending)) continue;
    const stem = word.slice(0, word.length - ending.length);
    if (stem.length < MIN_STEM) continue;
    // A doubled consonant stands before -ed, -ing, -er and -est: running, sadder.
    if (/([bdfglmnprt])\1$/.test(stem) && /^(ed|ing|er|est)$/.test(ending) && stands === '') {
      forms.push(stem.slice(0, -1));
    }
    forms.push(stem + stands);
  }
  return forms;
}
