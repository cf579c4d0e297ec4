/** @file The options of `antipode features` as its parts receive them. */

export interface ImportFlags {
  readonly model?: string;
  readonly source?: string;
  readonly exported?: string;
  readonly replace?: boolean;
}

export interface SearchFlags {
  readonly source?: string;
  readonly explanations?: string;
  readonly explainer?: string;
  readonly limit: number;
}

export interface ShowFlags {
  readonly explanations?: string;
  readonly explainer?: string;
}
