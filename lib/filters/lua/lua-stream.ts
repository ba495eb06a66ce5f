import type { HeaderList } from '../../http/headers.js';
import type { LuaPointer } from './lua-library.js';
import type { LuaCoroutine } from './lua-script.js';
import { luaObject } from './lua-state.js';
import { ScriptHeaders } from './script-headers.js';
import {
  headersIndex,
  type ScriptAnswer,
  type ScriptCall,
  type ScriptCallResult,
  type ScriptResponse,
  type ScriptStream,
} from './script-stream.js';

/** Makes a call. Returns how to give it up in silence. May call `onResult` at once. */
export type SendCall = (onResult: (result: ScriptCallResult) => void) => () => void;

/** What the message of a script belongs to. */
export interface LuaStreamOwner {
  /** How many bytes may wait for a script that no longer holds its message back. */
  readonly bufferLimit: number;
  /** Sends the message on, which has been held back until now. */
  continue(): void;
  /** Returns what makes a call, or what is wrong with it. */
  prepareCall(call: ScriptCall): SendCall | string;
  /** Answers the request; `undefined` for a response, to which there is no other. */
  respond?: ((response: ScriptResponse) => void) | undefined;
  /** The script has failed; the message goes on without it. */
  report(message: string): void;
}

/** What a script waits for. */
type Wait = 'body' | 'chunk' | 'trailers' | 'call' | 'nothing';

const nil: ScriptAnswer = { kind: 'nil' };
const wait: ScriptAnswer = { kind: 'wait' };

/** Index of the whole body among the buffers; chunks are counted from 1. */
const bodyIndex = 0;

/**
 * A script at work for one message, a request or a response.
 *
 * The head is held back while the script runs, waits for the whole body or for a call. What it does
 * after that it does beside the message, which no longer waits for it.
 */
export class LuaStream implements ScriptStream {
  readonly id: number;
  readonly pointer: LuaPointer;
  readonly #owner: LuaStreamOwner;
  readonly #head: ScriptHeaders;
  /** `undefined` once the script is over. */
  #coroutine: LuaCoroutine | undefined;
  #waitsFor: Wait = 'nothing';
  /** What a call of the script has decided, and is done when the script has stopped. */
  #action: (() => void) | undefined = undefined;
  #callResult: ScriptAnswer = nil;
  #cancelCall: (() => void) | undefined = undefined;
  #isStarting = true;
  #isHeld = true;
  #hasResponded = false;
  #isEnded = false;
  /** What has arrived and the script has not seen. */
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  /** Whether a part of the body has gone by in pieces. */
  #isStreaming = false;
  #body: Buffer | undefined = undefined;
  #chunk: Buffer | undefined = undefined;
  #chunkIndex = bodyIndex;
  #trailers: ScriptHeaders | undefined = undefined;

  constructor(coroutine: LuaCoroutine, head: ScriptHeaders, owner: LuaStreamOwner) {
    this.id = coroutine.id;
    this.pointer = coroutine.pointer;
    this.#coroutine = coroutine;
    this.#head = head;
    this.#owner = owner;
  }

  // The message, from the filter.

  /** Runs the script. Returns whether the head is held back; `continue` tells when it goes on. */
  start(endStream: boolean): boolean {
    this.#isEnded = endStream;
    this.#run();
    this.#isStarting = false;
    return this.#isHeld;
  }

  get hasResponded(): boolean {
    return this.#hasResponded;
  }

  onData(chunk: Buffer, endStream: boolean): void {
    if (this.#coroutine !== undefined) {
      this.#isEnded = endStream;
      if (this.#waitsFor === 'trailers') {
        this.#isStreaming = true;
      } else if (chunk.length > 0) {
        this.#keep(chunk);
      }
      this.#onArrival();
    }
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#coroutine !== undefined) {
      this.#isEnded = true;
      this.#trailers = trailers && new ScriptHeaders(trailers);
      this.#onArrival();
      if (this.#trailers !== undefined && !this.#isHeld) {
        this.#trailers.isModifiable = false;
      }
    }
  }

  /** The exchange is over, or the script must not go on. */
  end(): void {
    this.#cancelCall?.();
    this.#cancelCall = undefined;
    this.#coroutine?.end();
    this.#coroutine = undefined;
    this.#chunks = [];
  }

  // What the script asks.

  headersAt(index: number): ScriptHeaders | undefined {
    return index === headersIndex.head ? this.#head : this.#trailers;
  }

  bufferAt(index: number): Buffer | undefined {
    if (index === bodyIndex) {
      return this.#body;
    }
    return index === this.#chunkIndex ? this.#chunk : undefined;
  }

  body(): ScriptAnswer {
    if (this.#isStreaming) {
      const message = 'cannot call body() after body streaming has started';
      return { kind: 'error', message };
    }
    if (this.#body === undefined) {
      if (!this.#isEnded) {
        return this.#wait('body');
      }
      this.#body = Buffer.concat(this.#chunks);
      this.#chunks = [];
    }
    return this.#body.length === 0
      ? nil
      : { kind: 'object', object: luaObject.buffer, index: bodyIndex };
  }

  startBodyChunks(): string | undefined {
    return this.#isStreaming || this.#body !== undefined
      ? 'cannot call bodyChunks after body processing has begun'
      : undefined;
  }

  nextChunk(): ScriptAnswer {
    this.#chunk = this.#chunks.shift();
    if (this.#chunk === undefined) {
      return this.#isEnded ? nil : this.#wait('chunk');
    }
    this.#isStreaming = true;
    this.#chunkBytes -= this.#chunk.length;
    return { kind: 'object', object: luaObject.buffer, index: ++this.#chunkIndex };
  }

  trailers(): ScriptAnswer {
    if (!this.#isEnded) {
      this.#isStreaming ||= this.#chunks.length > 0;
      this.#chunks = [];
      this.#chunkBytes = 0;
      return this.#wait('trailers');
    }
    return this.#trailers === undefined
      ? nil
      : { kind: 'object', object: luaObject.headers, index: headersIndex.trailers };
  }

  httpCall(call: ScriptCall): ScriptAnswer {
    const send = this.#owner.prepareCall(call);
    if (typeof send === 'string') {
      return { kind: 'error', message: send };
    }
    this.#action = () => this.#call(send);
    return this.#wait('call');
  }

  respond(response: ScriptResponse): ScriptAnswer {
    if (this.#owner.respond === undefined) {
      return { kind: 'error', message: 'respond not currently supported in the response path' };
    }
    if (!this.#isHeld) {
      const message = 'respond() cannot be called if headers have been continued';
      return { kind: 'error', message };
    }
    this.#action = () => {
      this.#hasResponded = true;
      this.end();
      this.#owner.respond?.(response);
    };
    return this.#wait('call');
  }

  takeAnswer(): ScriptAnswer {
    const waitedFor = this.#waitsFor;
    this.#waitsFor = 'nothing';
    switch (waitedFor) {
      case 'body':
        return this.body();
      case 'chunk':
        return this.nextChunk();
      case 'trailers':
        return this.trailers();
      default:
        return this.#takeCallResult();
    }
  }

  #takeCallResult(): ScriptAnswer {
    const result = this.#callResult;
    this.#callResult = nil;
    return result;
  }

  #wait(what: Wait): ScriptAnswer {
    this.#waitsFor = what;
    return wait;
  }

  #keep(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (!this.#isHeld && this.#chunkBytes > this.#owner.bufferLimit) {
      this.#owner.report('more of the body has come during a call than can be kept for the script');
      this.end();
    }
  }

  #onArrival(): void {
    const isThere =
      this.#waitsFor === 'chunk'
        ? this.#isEnded || this.#chunks.length > 0
        : this.#isEnded && (this.#waitsFor === 'body' || this.#waitsFor === 'trailers');
    if (isThere) {
      this.#run();
    }
  }

  #run(): void {
    const coroutine = this.#coroutine;
    if (coroutine === undefined) {
      return;
    }
    const { kind, message } = coroutine.resume(this);
    if (kind === 'failed') {
      this.#owner.report(message);
    } else if (kind === 'waiting' && this.#waitsFor === 'nothing') {
      this.#owner.report('the script has yielded by itself');
    }
    if (kind !== 'waiting' || this.#waitsFor === 'nothing') {
      this.#waitsFor = 'nothing';
      this.#action = undefined;
      this.end();
    }
    const action = this.#action;
    this.#action = undefined;
    action?.();
    if (this.#isHeld && this.#waitsFor !== 'body' && this.#waitsFor !== 'call') {
      this.#continue();
    }
  }

  #continue(): void {
    this.#isHeld = false;
    this.#head.isModifiable = false;
    if (this.#trailers !== undefined) {
      this.#trailers.isModifiable = false;
    }
    if (!this.#isStarting) {
      this.#owner.continue();
    }
  }

  #call(send: SendCall): void {
    let isSending = true;
    const cancel = send((result) => {
      this.#callResult = { kind: 'call', result };
      if (isSending) {
        // A script that makes call after call must not keep the process from everything else.
        const immediate = setImmediate(() => this.#onCallDone());
        this.#cancelCall = () => clearImmediate(immediate);
      } else {
        this.#onCallDone();
      }
    });
    isSending = false;
    this.#cancelCall ??= cancel;
  }

  #onCallDone(): void {
    this.#cancelCall = undefined;
    this.#run();
  }
}
