import { describe, expect, test } from 'vitest';
import { readArticle } from '../../concepts/article.ts';
import { createRng } from '../../tensor/rng.ts';
import { oppositeOf, POLE_CONCEPTS, POLES, poleOf } from './concepts.ts';
import { createCorpus } from './corpus.ts';
import { createDocument, MAX_PIECES, piecesOf, SHARED_TEMPLATES } from './documents.ts';
import { fillSentence, pickPerson, withArticles } from './fill.ts';
import { ownWords } from './own_words.ts';
import { type Pole, WORD_CLASSES } from './pole.ts';
import { MOOD_REPLIES } from './replies.ts';

const corpus = createCorpus(5, 'train');
const documents = corpus.documents(0, 6000);

describe('the poles', () => {
  test("are the article's concepts of both layers, each once", () => {
    const { catalogues } = readArticle();
    const published = new Set(catalogues.flatMap(({ concepts }) => concepts.map(({ concept }) => concept)));
    expect(POLE_CONCEPTS.map(({ concept }) => concept).sort()).toEqual([...published].sort());
    expect(new Set(POLES.map(({ id }) => id)).size).toBe(52);
  });

  test('have words of their own: every word of a class belongs to one pole alone, and there are at least twelve', () => {
    const own = ownWords();
    for (const pole of POLES) {
      const words = WORD_CLASSES.flatMap((wordClass) => pole.words[wordClass]);
      expect(words.filter((word) => !own.get(pole.id)!.includes(word))).toEqual([]);
      expect(words.length).toBeGreaterThanOrEqual(12);
    }
  });

  test('have at least ten sentences each', () => {
    for (const { scenes } of POLES) {
      expect(scenes.length).toBeGreaterThanOrEqual(10);
      expect(new Set(scenes).size).toBe(scenes.length);
    }
  });

  test('of a pair do not speak in the same mould', () => {
    // What is left without slots, as the sentence is built: the same for both would make one feature of two opposites.
    const mould = (scene: string): string => scene.replace(/\{(adj|noun|verb|adv|thing)\}/g, '_');
    for (const { a, b } of POLE_CONCEPTS) {
      const moulds = new Set(a.scenes.map(mould));
      expect(b.scenes.filter((scene) => moulds.has(mould(scene)))).toEqual([]);
    }
  });

  test('are found by their ids and across from each other', () => {
    expect(oppositeOf(poleOf('happy'))).toBe(poleOf('sad'));
    expect(oppositeOf(poleOf('sad'))).toBe(poleOf('happy'));
    expect(() => poleOf('purple')).toThrow('internal: no pole is called purple');
  });

  test('every sentence can be filled, whoever it is about', () => {
    const rng = createRng(1, 'test');
    const replies = (pole: Pole): readonly string[] =>
      MOOD_REPLIES.filter((reply) => reply.pole === pole).flatMap(({ body, openers }) => [
        ...openers,
        ...body,
      ]);
    for (const pole of POLES) {
      for (const template of [...pole.scenes, ...replies(pole)]) {
        const sentence = fillSentence(rng, template, pickPerson(rng), pole);
        expect(sentence).toMatch(/^[A-Z][A-Za-z ,?:]*[.?]$/);
      }
    }
  });
});

describe('texts', () => {
  test('are the same for the same seed, split and number, whatever was asked for before', () => {
    expect(createCorpus(5, 'train').document(77)).toEqual(documents[77]);
    expect(createCorpus(5, 'validation').document(77)).not.toEqual(documents[77]);
    expect(createCorpus(6, 'train').document(77)).not.toEqual(documents[77]);
  });

  test('fit the context and hold words and plain signs only', () => {
    for (const { text } of documents) {
      expect(piecesOf(text).length).toBeLessThanOrEqual(MAX_PIECES);
      expect(text).toMatch(/^[A-Z][A-Za-z ,.?:]*[.?]$/);
    }
  });

  test('say a and an as they are spoken', () => {
    for (const { text } of documents) {
      expect(text).not.toMatch(/\b[Aa] (?:[aei]|o(?!ne)|u(?!ni|s)|uninterest|unimp|hour)/);
      expect(text).not.toMatch(/\b[Aa]n (?!hour)[^aeiou]/);
      expect(text).not.toMatch(/\b[Aa]n (?:uniform|unique|united|universal|union|usual)/);
    }
    expect(withArticles('a apple, An house, a uninterested and an unique a hour')).toBe(
      'an apple, A house, an uninterested and a unique an hour',
    );
  });

  test('have few twins: hardly two are the same', () => {
    expect(new Set(documents.map(({ text }) => text)).size).toBeGreaterThan(0.98 * documents.length);
  });

  test('give the two poles of every pair the same weight', () => {
    const counts = new Map<string, number>();
    for (const { poles } of documents) for (const id of poles) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const { a, b } of POLE_CONCEPTS) {
      const [first, second] = [counts.get(a.id)!, counts.get(b.id)!];
      // Five standard deviations of a difference of two such counts.
      expect(Math.abs(first - second)).toBeLessThan(5 * Math.sqrt(first + second));
    }
  });

  test('answer a bare greeting without happiness or sorrow four times in five', () => {
    const greetings = documents.filter(({ kind }) => kind === 'greeting');
    const moody = greetings.filter(({ poles }) => poles.includes('happy') || poles.includes('sad'));
    expect(moody.length / greetings.length).toBeGreaterThan(0.08);
    expect(moody.length / greetings.length).toBeLessThan(0.2);
  });

  test('carry a mood over: what came before a greeting is in the reply', () => {
    const own = ownWords();
    const happy = new Set(own.get('happy'));
    const carried = documents.filter(({ kind, poles }) => kind === 'carried' && poles[0] === 'happy');
    const kept = carried.filter(({ text }) =>
      piecesOf(text.split('?').at(-1)!.toLowerCase()).some((word) => happy.has(word)),
    );
    expect(carried.length).toBeGreaterThan(100);
    expect(kept.length).toBe(carried.length);
  });

  test('use a vocabulary that is small enough for single tokens', () => {
    const words = new Set(documents.flatMap(({ text }) => piecesOf(text)));
    expect(words.size).toBeGreaterThan(1400);
    expect(words.size).toBeLessThan(2100);
  });

  test('come from nothing but their generator', () => {
    expect(createDocument(createRng(3, 'x'))).toEqual(createDocument(createRng(3, 'x')));
    expect(SHARED_TEMPLATES.length).toBeGreaterThan(20);
  });
});
