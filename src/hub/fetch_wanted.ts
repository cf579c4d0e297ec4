/**
 * @file What opening something by its id may ask for: the files of a repository of the Hugging Face hub, whole or by ranges. Rooms that know what is wanted
 * take a `HubFiles` and know nothing of sockets; without one they open only what is here.
 */

import type { HfCachedFile, HfFileRequest } from './hf_cache.ts';
import type { RemoteSource } from './remote_source.ts';

export interface HubFile {
  /** Inside the repository. */
  readonly path: string;
  readonly byteLength: number;
}

export interface HubFileFacts {
  /** Forty hexadecimal digits, whatever revision was asked for. */
  readonly commit: string;
  readonly byteLength: number | undefined;
  /** Whole in the cache, of this commit. */
  readonly isHere: boolean;
}

export interface HubFiles {
  /** What the hub says of a file before it is fetched. @throws {AntipodeError} `missing`, `network` */
  look(request: HfFileRequest): Promise<HubFileFacts>;
  /** Into the cache, if it is not there. @throws {AntipodeError} `missing` where the repository has no such file, `network`, `resource`, `interrupted` */
  fetch(request: HfFileRequest): Promise<HfCachedFile>;
  /** Files below a folder, itself included; nothing is fetched. @throws {AntipodeError} `missing`, `network` */
  list(request: HfFileRequest): Promise<readonly HubFile[]>;
  /** @returns undefined where the server gives no ranges. @throws {AntipodeError} `missing`, `network` */
  openRanges(request: HfFileRequest): Promise<RemoteSource | undefined>;
  /** A file at any other address, into antipode's own cache. @returns its path. @throws {AntipodeError} as `fetchWebFile` */
  fetchUrl(url: string): Promise<string>;
  /** @returns as `openRanges` */
  openUrl(url: string): Promise<RemoteSource | undefined>;
}
