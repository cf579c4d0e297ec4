/**
 * @file The trained story model of `../shared/data/stories260k` as a whole Hugging Face folder, tokenizer included, and stories that it writes. Leaves
 * out scores of the tokenizer: its merges stand in their order.
 */

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from '../../src/lm/generate.ts';
import type { LanguageModel } from '../../src/lm/language_model.ts';
import type { Tokenizer } from '../../src/lm/tokenizer/tokenizer.ts';
import { convertLlama2c } from './llama2c.ts';

const DATA = fileURLToPath(new URL('../../../shared/data/stories260k', import.meta.url));
const VOCABULARY = 512;

/** Tests that need the model are skipped where it is not there. */
export const HAS_STORY_MODEL: boolean = existsSync(DATA);

/** `config.json`, `model.safetensors`, `tokenizer.json`, `tokenizer_config.json`; the context holds 512 tokens. */
export async function writeStoryModel(folder: string): Promise<void> {
  await convertLlama2c(join(DATA, 'stories260K.bin'), folder);
  const pieces = await readScoredPieces(join(DATA, 'tok512.bin'));
  const vocab = Object.fromEntries(pieces.map(({ text }, id) => [text, id]));
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, ...flags })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges: mergesOf(pieces, vocab),
    },
  };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  // Stories end with the token that begins the next one.
  const named = { bos_token: '<s>', eos_token: '<s>', unk_token: '<unk>' };
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(named));
}

interface ScoredPiece {
  readonly text: string;
  readonly score: number;
}

/** llama2.c's tokenizer.bin: the longest piece's length, then score, length and bytes of each. */
async function readScoredPieces(path: string): Promise<ScoredPiece[]> {
  const bytes = await readFile(path);
  const pieces: ScoredPiece[] = [];
  for (let at = 4; pieces.length < VOCABULARY; ) {
    const length = bytes.readInt32LE(at + 4);
    const text = bytes.toString('utf8', at + 8, at + 8 + length).replaceAll(' ', '▁');
    pieces.push({ text, score: bytes.readFloatLE(at) });
    at += 8 + length;
  }
  return pieces.map(({ score, text }, id) => ({ score, text: ['<unk>', '<s>', '</s>'][id] ?? text }));
}

/** SentencePiece merges what gives the piece of the highest score: every way to cut a piece into two others, the best pieces first. */
function mergesOf(pieces: readonly ScoredPiece[], vocab: Readonly<Record<string, number>>): string[][] {
  return pieces
    .slice(3)
    .filter(({ text }) => !/^<0x..>$/.test(text))
    .sort((a, b) => b.score - a.score)
    .flatMap(({ text }) => {
      const characters = [...text];
      const cuts = characters.slice(1).map((_, i) => i + 1);
      const pairs = cuts.map((cut) => [characters.slice(0, cut).join(''), characters.slice(cut).join('')]);
      return pairs.filter((pair) => pair.every((part) => Object.hasOwn(vocab, part)));
    });
}

/** One story per line, drawn at temperature 1 with a seed each. */
export async function writeStories(
  path: string,
  {
    count,
    model,
    tokenizer,
  }: { readonly count: number; readonly model: LanguageModel; readonly tokenizer: Tokenizer },
): Promise<void> {
  const prompt = tokenizer.encode('').slice(0, 1);
  const stories: string[] = [];
  for (let from = 0; from < count; from += 64) {
    const rows = Array.from({ length: Math.min(64, count - from) }, (_, i) => ({ prompt, seed: from + i }));
    const sampling = { temperature: 1 };
    for (const { text } of await generate({ model, tokenizer, rows, maxNewTokens: 255, sampling })) {
      stories.push(text.replace(/\s+/g, ' ').trim());
    }
  }
  await writeFile(path, `${stories.join('\n')}\n`);
}
