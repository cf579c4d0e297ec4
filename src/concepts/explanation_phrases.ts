/**
 * @file The words of explanations that decide how the others count: grammar, the stock that every explanation is made of, and what negates, sets aside or points elsewhere.
 * English. Leaves out applying them.
 */

const set = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Phrases by their first word; the first that fits counts. */
export type Phrases<T> = ReadonlyMap<
  string,
  readonly { readonly rest: readonly string[]; readonly stands: T }[]
>;

function phrases<T>(entries: readonly (readonly [string, T])[]): Phrases<T> {
  const table = new Map<string, { rest: string[]; stands: T }[]>();
  for (const [phrase, stands] of entries) {
    const [first = '', ...rest] = phrase.split(' ');
    const known = table.get(first) ?? [];
    known.push({ rest, stands });
    table.set(first, known);
  }
  return table;
}

const phraseSet = (list: readonly string[]): Phrases<true> =>
  phrases(list.map((phrase) => [phrase, true] as const));

/** Says nothing of its own, unless it is what the text is about. */
export const GRAMMAR: ReadonlySet<string> = set(
  "a about above across after again against all along also although am among an and another any anything are around as at away back be because been before being below between both but by can cannot could did do does doing done down during each either else etc even ever every few for from further get gets getting got had has have having he her here hers him his how however i if in inside into is it its itself just least less let like may me might mine more most much must my near neither no nor not nothing of off often on once one only onto or other others our ours out outside over own per please quite rather really same shall she should since so some someone something still such than that the their theirs them then there these they this those though through throughout till to together too toward towards under until up upon us very via was way we well were what when where whether which while who whom whose why will with within without would yet you your yours didn't doesn't don't isn't aren't wasn't weren't won't can't couldn't wouldn't shouldn't hasn't haven't hadn't it's that's",
);

/** What explanations are made of, whatever they explain. */
export const STOCK: ReadonlySet<string> = set(
  'reference references word words phrase phrases term terms mention mentions mentioning instance instances occurrence occurrences expression expressions indicating indicate indicates indicated related relating relation concept concepts various variation variations variant variants form forms context contexts contextual different type types kinds presence use uses used using usage usages sentence sentences text texts token tokens character characters element elements content information data section sections particularly especially specifically likely potentially typically primarily commonly usually including include includes associated describe describes describing description descriptions denote denoting discussion discussions topic topics theme themes aspect aspects idea ideas emphasis emphasizing highlight highlighting focus focused statement statements situation situations activation name names named called detail details followed following preceding preceded meaning referring refer refers involving pertaining concerning regarding containing contain indication indications sense notion notions feature features action actions example examples variety activates activate pattern patterns language noun nouns verb verbs adjective adjectives adverb adverbs state states quality qualities feelings feeling level levels degree amount',
);

/** Adjectives that explanations put before everything. */
export const FILLER: ReadonlySet<string> = set(
  'specific various varying diverse certain different particular significant multiple several individual notable key main important frequent repeated common general associated related potential actual similar distinct overall strong',
);

/** What follows a word that is no adjective of the next. */
export const PREPOSITION: ReadonlySet<string> = set(
  'of in to for from on at by with within and or as that which',
);

/** Each with the number of words that follow at most until its reach ends. */
export const NEGATORS: Phrases<number> = phrases([
  ['absence of', 4],
  ['absences of', 4],
  ['lack of', 4],
  ['lacks', 3],
  ['lacking in', 4],
  ['lacking', 3],
  ['loss of', 4],
  ['devoid of', 4],
  ['free of', 3],
  ['free from', 3],
  ['deficit in', 3],
  ['deficits in', 3],
  ['deficiency in', 3],
  ['deficiency of', 3],
  ['shortage of', 3],
  ['opposite of', 3],
  ['removal of', 3],
  ['elimination of', 3],
  ['denial of', 3],
  ['avoidance of', 3],
  ['inability to', 4],
  ['unable to', 4],
  ['failure to', 4],
  ['failing to', 4],
  ['fail to', 4],
  ['refusal to', 3],
  ['far from', 3],
  ['anything but', 3],
  ['no longer', 3],
  ['not', 3],
  ['no', 3],
  ['never', 3],
  ['without', 4],
  ['neither', 4],
  ['nor', 3],
  ['cannot', 3],
  ['hardly', 2],
  ['barely', 2],
  ['scarcely', 2],
  ['less', 2],
  ['least', 2],
  ['insufficient', 2],
  ['inadequate', 2],
  ['non', 1],
  ['anti', 1],
  ['un', 1],
]);

/** They look like negators and are none. */
export const NO_NEGATORS: Phrases<true> = phraseSet([
  'not only',
  'not just',
  'not merely',
  'no doubt',
  'without doubt',
  'no matter',
]);

/** What follows is not meant, or as much as its opposite. */
export const SET_ASIDE: Phrases<true> = phraseSet([
  'rather than',
  'instead of',
  'as opposed to',
  'opposed to',
  'in contrast to',
  'contrasted with',
  'unlike',
  'not necessarily',
  'presence or absence of',
  'presence and absence of',
]);

/** A negation ends here. */
export const TURNS: ReadonlySet<string> = set('but however while whereas although though yet');
/** What is behind is an afterthought. */
export const TAIL: ReadonlySet<string> = set(
  'particularly especially specifically likely potentially primarily commonly typically often',
);
/** `in the context of` and the like begin an afterthought too. */
export const CONTEXTS: ReadonlySet<string> = set(
  'context contexts setting settings discussion discussions scenario scenarios',
);
/** The text is about what stands beside what it names. */
export const NEIGHBORS: Phrases<true> = phraseSet([
  'just after',
  'just before',
  'followed by',
  'preceded by',
  'following the',
  'preceding the',
  'tokens after',
  'tokens before',
]);

/** What the first phrase that begins at `i` stands for. */
export function phraseAt<T>(table: Phrases<T>, words: readonly string[], i: number): T | undefined {
  const found = table
    .get(words[i] ?? '')
    ?.find(({ rest }) => rest.every((part, k) => words[i + 1 + k] === part));
  return found?.stands;
}
