/**
 * @file A process of a program, seen from the one that asks: calls and their answers, and what ends it. Whatever happens to it, every call gets an
 * answer or an error, and this process goes on.
 */

import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import { describeDeath } from './death.ts';
import { Assembler, framesOf } from './frames.ts';
import type { Program } from './program.ts';
import { isAnswer } from './protocol.ts';
import { receiveError } from './sent_errors.ts';
import { startChild } from './start_child.ts';

export interface IsolatedProcessOptions {
  /** What it works on, as messages call it. */
  readonly subject: string;
  /** Ends the process at once. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((...facts: readonly unknown[]) => void) | undefined;
  /** Options of Node for the new process, none where left out. */
  readonly execArgv?: readonly string[] | undefined;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long a process may take to end by itself when asked to. */
const CLOSING_MS = 3000;

/** How long the last words of a process may take to arrive after its end. */
const LAST_WORDS_MS = 500;

/** Of the last words: heap statistics and a stack stand between them and the end. */
const MAX_STDERR = 16_384;

export class IsolatedProcess {
  readonly #program: Program;
  readonly #child: ChildProcess;
  readonly #options: IsolatedProcessOptions;
  readonly #assembler = new Assembler();
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #stderr = '';
  #nextCall = 0;
  /** Of the call that was made last. */
  #last: Promise<unknown> = Promise.resolve();
  /** Why calls are not taken any more. */
  #refusal: Error | undefined;
  /** Why calls under way had no answer. */
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {AntipodeError} `interrupted` by the signal, `resource` where no process can be started */
  static async start(program: Program, options: IsolatedProcessOptions): Promise<IsolatedProcess> {
    if (options.signal?.aborted) throw interrupted();
    const running = new IsolatedProcess(program, await startChild(program, options.execArgv ?? []), options);
    if (!options.signal?.aborted) return running;
    running.kill();
    throw interrupted();
  }

  private constructor(program: Program, child: ChildProcess, options: IsolatedProcessOptions) {
    this.#program = program;
    this.#child = child;
    this.#options = options;
    this.#ended = this.#follow();
    this.#hold();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Calls are answered in their order. What `args` hold may be changed as soon as this returns. */
  call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    const call = this.#nextCall++;
    let frames: readonly object[];
    try {
      frames = framesOf({ call, method, args });
    } catch (error) {
      return Promise.reject(new Error(`internal: ${method} cannot be sent (${messageOf(error)})`));
    }
    this.#last = new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#hold();
      try {
        // Why a frame did not arrive is said by the end of the process.
        for (const frame of frames) this.#child.send(frame, () => {});
      } catch (error) {
        this.#fail(this.#noMemory('a request', error));
      }
    });
    return this.#last;
  }

  /** Waits for calls under way, then for the end of the process, which is killed where it takes too long. A process that is dead is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#failure ? Promise.resolve() : this.#close();
    return this.#closing;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #close(): Promise<void> {
    const before = this.#last;
    const answered = this.call('close', []);
    answered.catch(() => {});
    this.#refusal = new Error(`internal: the process of ${this.#program.work} was closed`);
    await before.catch(() => {});
    const timer = setTimeout(() => this.kill(), CLOSING_MS);
    try {
      await answered;
    } catch (error) {
      if (error !== this.#failure) {
        this.kill();
        throw error;
      }
    } finally {
      await this.#ended;
      clearTimeout(timer);
    }
  }

  /** @returns when the process has ended and all that it said has arrived */
  #follow(): Promise<void> {
    const child = this.#child;
    const { signal, subject } = this.#options;
    const onAbort = (): void => this.#fail(interrupted());
    signal?.addEventListener('abort', onAbort);
    child.on('message', (frame) => this.#take(frame));
    const stderr = child.stderr as Socket;
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
    stderr.unref();
    // What cannot be sent or killed any more has ended, or is about to.
    child.on('error', () => {});
    return new Promise((resolve) => {
      child.once('exit', (code, name) => {
        const end = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          this.#fail(describeDeath(this.#program, subject, { code, signal: name, stderr: this.#stderr }));
          resolve();
        };
        const timer = setTimeout(end, LAST_WORDS_MS);
        child.once('close', end);
      });
    });
  }

  #take(frame: unknown): void {
    try {
      const whole = this.#assembler.take(frame);
      if (whole) this.#accept(whole.value);
    } catch (error) {
      this.#fail(this.#noMemory('a result', error));
    }
  }

  #accept(answer: unknown): void {
    if (!isAnswer(answer)) throw new Error('internal: a message is not an answer');
    if ('progress' in answer) {
      this.#options.onProgress?.(...answer.progress);
      return;
    }
    const waiting = this.#waiting.get(answer.call);
    this.#waiting.delete(answer.call);
    this.#hold();
    if ('error' in answer) waiting?.reject(receiveError(answer.error));
    else waiting?.resolve(answer.value);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#refusal ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.#failure);
    this.kill();
    this.#hold();
  }

  /** Only what somebody waits for may keep this process from ending. */
  #hold(): void {
    const isAwaited = this.#waiting.size > 0;
    for (const handle of [this.#child, this.#child.channel]) isAwaited ? handle?.ref() : handle?.unref();
  }

  #noMemory(what: string, error: unknown): Error {
    if (!(error instanceof RangeError)) return error instanceof Error ? error : new Error(String(error));
    return new AntipodeError(
      'resource',
      `${shownName(this.#options.subject)}: no memory for ${what} (${error.message})`,
      { hint: this.#program.hints.memory, cause: error },
    );
  }
}

function interrupted(): AntipodeError {
  return new AntipodeError('interrupted', 'interrupted: nothing was left half-written');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
