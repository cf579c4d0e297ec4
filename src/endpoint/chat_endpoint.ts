/**
 * @file What the program asks of a language model behind a URL: one question, one JSON answer. Whoever asks knows nothing of the protocol; what comes back
 * is untrusted text. The one implementation is `openai_endpoint.ts`; the cache in front of it is `cached_endpoint.ts`.
 */

export interface ChatRequest {
  /** What to do; texts of others never stand here. */
  readonly system: string;
  /** The material. */
  readonly user: string;
  /** The JSON schema that the answer has to follow, with a name of letters and underscores. */
  readonly answer: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
  /** Of the answer. */
  readonly maxTokens: number;
  /** Whether an answer is one: any other is not kept, so that it is asked for again. Default: every text is. No part of the question. */
  readonly isAnswer?: (text: string) => boolean;
}

export interface ChatReply {
  /** As it came, but for the key, which a server may repeat: not checked against the schema, which many servers do not enforce. */
  readonly text: string;
  /** As the server counted; undefined where it does not say. */
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  readonly isCached: boolean;
}

export interface ChatEndpoint {
  readonly model: string;
  /** Without a path; for messages and manifests. */
  readonly host: string;
  /**
   * At temperature 0.
   * @throws {EndpointFailure} where no answer came; {AntipodeError} `interrupted`
   */
  ask(request: ChatRequest, signal?: AbortSignal): Promise<ChatReply>;
}

/** Why there is no answer. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure';
  /** Every further request would fail alike: a wrong key, an unknown model, nobody there. */
  readonly isFinal: boolean;
  /** The same request may succeed later. */
  readonly isPassing: boolean;
  /** The server asks to wait so long, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The model did answer, but said nothing: it refused, a filter kept its words back, or the limit came before them. */
  readonly isAnswered: boolean;
  /** It will not say more when it is asked again: the model refused, or a filter kept its words back. */
  readonly isRefusal: boolean;
  /** Nobody spoke: no connection, or nothing in time. */
  readonly isSilence: boolean;
  /** What to do about it, as a clause. */
  readonly step: string | undefined;
  /** As `ChatReply`, where it did. */
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;

  constructor(
    message: string,
    facts: {
      readonly isFinal?: boolean;
      readonly isPassing?: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly isAnswered?: boolean;
      readonly isRefusal?: boolean;
      readonly isSilence?: boolean;
      readonly step?: string;
      readonly promptTokens?: number | undefined;
      readonly completionTokens?: number | undefined;
    },
  ) {
    super(message);
    this.isFinal = facts.isFinal ?? false;
    this.isPassing = facts.isPassing ?? false;
    this.retryAfterMs = facts.retryAfterMs;
    this.isAnswered = facts.isAnswered ?? false;
    this.isRefusal = facts.isRefusal ?? false;
    this.isSilence = facts.isSilence ?? false;
    this.step = facts.step;
    this.promptTokens = facts.promptTokens;
    this.completionTokens = facts.completionTokens;
  }
}
