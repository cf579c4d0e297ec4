/**
 * @file What the rest of the program knows of tokenizers: text to ids and back, and which ids are special. Whoever encodes, decodes or
 * writes a chat goes through this; the library behind it is not visible.
 */

export interface EncodeOptions {
  /**
   * Adds what the model's files add around a text (the beginning-of-text token, in most models); default true. A beginning that the
   * text already has is not added again. False for a text that a chat template wrote.
   */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Leaves special tokens out of the text; default false. */
  readonly skipSpecialTokens?: boolean;
}

export interface ChatMessage {
  /** `user`, `assistant`, `system`, or what else the model's template knows. */
  readonly role: string;
  readonly content: string;
}

export interface ChatOptions {
  /** Ends the text where the model's answer begins; default true. */
  readonly addGenerationPrompt?: boolean;
  /** The date that templates print; default: the clock. */
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

/** Fed the ids of one text one by one. All that `push` returned and then `end`, joined, is `decode` of all the ids. */
export interface StreamDecoder {
  /**
   * The text that is settled by this id: never half a character, and no text that a later id could still change. Often empty.
   * @throws {AntipodeError} `usage` for an id that is not in the vocabulary; the decoder can go on
   */
  push(id: number): string;
  /** What was held back; bytes that became no character are U+FFFD. Afterwards the decoder is spent. */
  end(): string;
}

export interface Tokenizer {
  /** One more than the largest id; ids below it may be missing. Models may have more rows than that in their embedding. */
  readonly vocabSize: number;
  /** The beginning-of-text token, where the files name one. It may exist and yet not be added to texts. */
  readonly bosId: number | undefined;
  /** The ids that end a generation, ascending, without duplicates; empty where the files name none. */
  readonly eosIds: readonly number[];
  /** True where `applyChatTemplate` has a template. */
  readonly hasChatTemplate: boolean;
  /**
   * Names of special tokens inside the text become those tokens, as in Hugging Face's libraries. Lone surrogates are taken as U+FFFD.
   * The empty text gives what is added around a text, and nothing without it.
   * @throws {AntipodeError} `usage` for a text of more than 524,288 UTF-16 units or with characters that a vocabulary without an unknown
   * token lacks; `resource` where the files' patterns do not come to an end within a minute
   */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /**
   * The text as the model wrote it: nothing is tidied up (`clean_up_tokenization_spaces` is not followed, because it takes spaces away).
   * @throws {AntipodeError} `usage` for an id that is not in the vocabulary
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  createDecoder(options?: DecodeOptions): StreamDecoder;
  /** True for control tokens (beginning, end, turns, padding); false for words, bytes, and numbers that are no ids. */
  isSpecial(id: number): boolean;
  /**
   * One token alone, for tables: its leading space kept; bytes that are no whole character as `<0xE4>`.
   * @throws {AntipodeError} `usage` for an id that is not in the vocabulary
   */
  tokenText(id: number): string;
  /**
   * The messages as the model's own template writes them, special tokens included: encode the result with `addSpecialTokens: false`.
   * @throws {AntipodeError} `usage` where the model has no template or the template refuses the messages, `format` for a template that
   * is broken, `resource` for one that takes too long, too much memory, or writes too much
   */
  applyChatTemplate(messages: readonly ChatMessage[], options?: ChatOptions): Promise<string>;
}
