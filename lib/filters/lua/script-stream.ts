import type { HeaderList } from '../../http/headers.js';
import type { LuaPointer } from './lua-library.js';
import type { LuaObjectKind } from './lua-state.js';
import type { ScriptHeaders } from './script-headers.js';

/** A call that a script wants made. */
export interface ScriptCall {
  readonly cluster: string;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: HeaderList;
  readonly body: Buffer | undefined;
  /** 0 for none. */
  readonly timeoutMs: number;
}

/** A response that a script wants sent. */
export interface ScriptResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer | undefined;
}

/** What a call has brought. */
export interface ScriptCallResult {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

/** What a script gets at once, why it must wait, or what it has done wrong. */
export type ScriptAnswer =
  | { readonly kind: 'nil' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'object'; readonly object: LuaObjectKind; readonly index: number }
  | { readonly kind: 'call'; readonly result: ScriptCallResult };

/** Which of the headers an object stands for. */
export const headersIndex = { head: 0, trailers: 1 } as const;

/** What a script may ask of the message that it runs for. */
export interface ScriptStream {
  readonly id: number;
  /** The thread that may wait; a coroutine of the script's own may not. */
  readonly pointer: LuaPointer;
  headersAt(index: number): ScriptHeaders | undefined;
  bufferAt(index: number): Buffer | undefined;
  body(): ScriptAnswer;
  /** Says what is wrong with reading the body in pieces now, if anything is. */
  startBodyChunks(): string | undefined;
  nextChunk(): ScriptAnswer;
  trailers(): ScriptAnswer;
  httpCall(call: ScriptCall): ScriptAnswer;
  respond(response: ScriptResponse): ScriptAnswer;
  /** What the script gets now that it goes on after a wait. */
  takeAnswer(): ScriptAnswer;
}
