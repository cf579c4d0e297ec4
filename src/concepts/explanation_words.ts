/**
 * @file An explanation as words, each with what decides whether it counts: quoted or not, negated, set aside, at the edge of the sentence. English; built for texts from
 * strangers: whatever is no letter is a break. Leaves out what the words mean.
 */

export interface TextWord {
  /** Lower case. */
  readonly word: string;
  readonly isQuoted: boolean;
  /** Begins with a capital, as every first word may. */
  readonly isCapital: boolean;
  /** Part of a hyphenated word that is looked up in parts. */
  readonly isPart: boolean;
  /** Says something of its own: neither grammar nor the stock of explanations (`references to`). */
  readonly isContent: boolean;
  /** An adjective that explanations put before everything, such as `specific`, where another word follows. */
  readonly isFiller: boolean;
  /** `not`, `lack of` and the like stand before it, an odd number of times. */
  readonly isNegated: boolean;
  /** It says what is not meant, or both: `rather than X`, `presence or absence of X`. */
  readonly isSetAside: boolean;
  /** Behind `particularly`, `in the context of` and the like. */
  readonly isTail: boolean;
  /** The text is about what stands before or after it. */
  readonly isNeighbor: boolean;
  /** A break stands between it and the word before. */
  readonly afterBreak: boolean;
}

/** An explanation has a sentence or two; what is behind them is not read. */
const MAX_CHARACTERS = 2000;

const set = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Phrases by their first word; the first that fits counts. */
type Phrases<T> = ReadonlyMap<string, readonly { readonly rest: readonly string[]; readonly stands: T }[]>;

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

const GRAMMAR = set(
  "a about above across after again against all along also although am among an and another any anything are around as at away back be because been before being below between both but by can cannot could did do does doing done down during each either else etc even ever every few for from further get gets getting got had has have having he her here hers him his how however i if in inside into is it its itself just least less let like may me might mine more most much must my near neither no nor not nothing of off often on once one only onto or other others our ours out outside over own per please quite rather really same shall she should since so some someone something still such than that the their theirs them then there these they this those though through throughout till to together too toward towards under until up upon us very via was way we well were what when where whether which while who whom whose why will with within without would yet you your yours didn't doesn't don't isn't aren't wasn't weren't won't can't couldn't wouldn't shouldn't hasn't haven't hadn't it's that's",
);

/** What explanations are made of, whatever they explain. */
const STOCK = set(
  'reference references word words phrase phrases term terms mention mentions mentioning instance instances occurrence occurrences expression expressions indicating indicate indicates indicated related relating relation concept concepts various variation variations variant variants form forms context contexts contextual different type types kinds presence use uses used using usage usages sentence sentences text texts token tokens character characters element elements content information data section sections particularly especially specifically likely potentially typically primarily commonly usually including include includes associated describe describes describing description descriptions denote denoting discussion discussions topic topics theme themes aspect aspects idea ideas emphasis emphasizing highlight highlighting focus focused statement statements situation situations activation name names named called detail details followed following preceding preceded meaning referring refer refers involving pertaining concerning regarding containing contain indication indications sense notion notions feature features action actions example examples variety activates activate pattern patterns language noun nouns verb verbs adjective adjectives adverb adverbs state states quality qualities feelings feeling level levels degree amount',
);

const FILLER = set(
  'specific various varying diverse certain different particular significant multiple several individual notable key main important frequent repeated common general associated related potential actual similar distinct overall strong',
);

const PREPOSITION = set('of in to for from on at by with within and or as that which');

/** Each with the number of words that follow at most until its reach ends. */
const NEGATORS = phrases<number>([
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
const NO_NEGATORS = phraseSet([
  'not only',
  'not just',
  'not merely',
  'no doubt',
  'without doubt',
  'no matter',
]);

const SET_ASIDE = phraseSet([
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

const TURNS = set('but however while whereas although though yet');
const TAIL = set(
  'particularly especially specifically likely potentially primarily commonly typically often',
);
const CONTEXTS = set('context contexts setting settings discussion discussions scenario scenarios');
const NEIGHBORS = phraseSet([
  'just after',
  'just before',
  'followed by',
  'preceded by',
  'following the',
  'preceding the',
  'tokens after',
  'tokens before',
]);

interface Token {
  readonly word: string;
  readonly isQuoted: boolean;
  readonly isCapital: boolean;
  readonly isPart: boolean;
  readonly afterBreak: boolean;
}

/** @param isKnown whether a hyphenated word has a meaning as a whole; else its parts are words */
export function explanationWords(text: string, isKnown: (word: string) => boolean): TextWord[] {
  const tokens = tokensOf(text.slice(0, MAX_CHARACTERS).normalize('NFC'), isKnown);
  const words = tokens.map(({ word }) => word);
  // `the word "up"` is about it; in a list of what a feature fires on, it is grammar.
  const isQuotedAlone = tokens.filter(({ isQuoted }) => isQuoted).length === 1;
  const result: TextWord[] = [];
  let reach = 0;
  let isNegated = false;
  let isSetAside = false;
  let isTail = false;
  let isNeighbor = false;
  for (const [i, token] of tokens.entries()) {
    const { word } = token;
    if (token.afterBreak || TURNS.has(word)) {
      reach = 0;
      isSetAside = false;
    }
    if (reach === 0) isNegated = false;
    const isGrammar = GRAMMAR.has(word) && !(token.isQuoted && isQuotedAlone);
    const isStock = STOCK.has(word) && !token.isQuoted;
    const isFiller = !token.isQuoted && FILLER.has(word) && isBeforeNoun(tokens, i);
    const isContent = !isGrammar && !isStock && !isFiller && word.length > 1;
    if (TAIL.has(word) || (word === 'in' && isContextAhead(words, i))) isTail = true;
    if (at(NEIGHBORS, words, i)) isNeighbor = true;
    // Written out: copying the token takes longer than all the rest.
    result.push({
      word,
      isQuoted: token.isQuoted,
      isCapital: token.isCapital,
      isPart: token.isPart,
      afterBreak: token.afterBreak,
      isContent,
      isFiller,
      isNegated: isNegated || isDeniedBehind(tokens, i),
      isSetAside,
      isTail,
      isNeighbor,
    });
    if (isContent && reach > 0) reach -= 1;
    if (at(SET_ASIDE, words, i)) isSetAside = true;
    const negator = at(NO_NEGATORS, words, i) ? undefined : negatorAt(tokens, words, i);
    if (negator !== undefined) {
      isNegated = reach > 0 ? !isNegated : true;
      reach = negator;
    }
  }
  return result;
}

/** The reach of the negator that begins at `i`; a word in quotation marks is spoken about, and negates nothing outside them. */
function negatorAt(tokens: readonly Token[], words: readonly string[], i: number): number | undefined {
  const { word, isQuoted } = tokens[i]!;
  if (isQuoted && tokens[i + 1]?.isQuoted !== true) return undefined;
  if (word.endsWith("n't")) return 3;
  return at(NEGATORS, words, i);
}

/** `happiness is absent`, `fear-free`. */
function isDeniedBehind(tokens: readonly Token[], i: number): boolean {
  const [next, last] = [tokens[i + 1], tokens[i + 2]];
  if (next?.isPart && tokens[i]?.isPart && next.word === 'free' && !next.afterBreak) return true;
  return (
    next !== undefined &&
    last !== undefined &&
    ['is', 'are', 'was', 'were', 'being'].includes(next.word) &&
    ['absent', 'missing', 'lacking'].includes(last.word)
  );
}

function isBeforeNoun(tokens: readonly Token[], i: number): boolean {
  const next = tokens[i + 1];
  return next !== undefined && !next.afterBreak && !PREPOSITION.has(next.word);
}

function isContextAhead(words: readonly string[], i: number): boolean {
  return words.slice(i + 1, i + 4).some((word) => CONTEXTS.has(word));
}

/** What the first phrase that begins at `i` stands for. */
function at<T>(table: Phrases<T>, words: readonly string[], i: number): T | undefined {
  const found = table
    .get(words[i] ?? '')
    ?.find(({ rest }) => rest.every((part, k) => words[i + 1 + k] === part));
  return found?.stands;
}

const LEXEME = /(\p{L}[\p{L}\p{M}]*(?:['’-]\p{L}[\p{L}\p{M}]*)*)|(["“”„«»`])|([,;:.()[\]!?/&\n])/gu;

function tokensOf(text: string, isKnown: (word: string) => boolean): Token[] {
  const tokens: Token[] = [];
  const lexemes = [...text.matchAll(LEXEME)];
  // A mark without a partner is an inch, or the text was cut.
  let marksLeft = lexemes.filter(([, , mark]) => mark !== undefined).length;
  let isQuoted = false;
  let afterBreak = false;
  for (const [, word, mark] of lexemes) {
    if (mark !== undefined) {
      marksLeft -= 1;
      isQuoted = !isQuoted && marksLeft > 0;
      continue;
    }
    if (word === undefined) {
      afterBreak = true;
      continue;
    }
    const lower = word.toLowerCase().replaceAll('’', "'");
    const isWhole = !lower.includes('-') || isKnown(lower);
    const parts = isWhole ? [lower] : lower.split('-');
    const isCapital = /^\p{Lu}/u.test(word);
    for (const part of parts) {
      tokens.push({ word: part.replace(/'s$/, ''), isQuoted, isCapital, isPart: !isWhole, afterBreak });
      afterBreak = false;
    }
  }
  return tokens;
}
