import type { LuaFilterConfig } from '../config/http-filter-config.js';
import type {
  FilterCallbacks,
  FilterFactory,
  FilterStatus,
  HttpFilter,
  ResponseFilterStatus,
} from '../http/filter.js';
import type { HeaderList } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { FilterContext } from './filter-context.js';
import { scriptFunction } from './lua/lua-state.js';
import type { LuaStream, LuaStreamOwner, SendCall } from './lua/lua-stream.js';
import { ScriptHeaders } from './lua/script-headers.js';
import { ScriptRunner } from './lua/script-runner.js';
import type { ScriptCall, ScriptResponse } from './lua/script-stream.js';

/** What may wait for a script where buffers have no limit. */
const defaultBufferBytes = 1024 * 1024;

/**
 * Makes the filters of one entry `lua` of a chain: reference 6.1.8. `undefined` if its script does
 * nothing.
 */
export function createLuaFilterFactory(
  config: LuaFilterConfig,
  context: FilterContext,
): FilterFactory | undefined {
  const script = context.luaScripts.get(config);
  if (script === undefined) {
    // The scripts of all listeners have been loaded by now.
    throw new Error(`the script ${config.path} has not been loaded`);
  }
  const runner = new ScriptRunner(script, context);
  if (script.definesResponse) {
    return (callbacks) => new LuaFilter(runner, callbacks);
  }
  return script.definesRequest ? (callbacks) => new LuaRequestFilter(runner, callbacks) : undefined;
}

/** Runs a script that looks at requests only, so that responses need not pass the filters. */
class LuaRequestFilter implements HttpFilter {
  protected readonly runner: ScriptRunner;
  protected readonly callbacks: FilterCallbacks;
  #request: LuaStream | undefined = undefined;

  constructor(runner: ScriptRunner, callbacks: FilterCallbacks) {
    this.runner = runner;
    this.callbacks = callbacks;
  }

  decodeHead(head: RequestHead, endStream: boolean): FilterStatus {
    const owner = new RequestOwner(this.runner, this.callbacks);
    const headers = ScriptHeaders.ofRequest(head);
    this.#request = this.runner.createStream(scriptFunction.onRequest, headers, owner);
    if (this.#request?.start(endStream) !== true) {
      return 'continue';
    }
    return this.#request.hasResponded ? 'stop' : 'buffer';
  }

  decodeData(chunk: Buffer, endStream: boolean): undefined {
    this.#request?.onData(chunk, endStream);
  }

  decodeEnd(trailers: HeaderList | undefined): undefined {
    this.#request?.onEnd(trailers);
  }

  onDestroy(): void {
    this.#request?.end();
  }
}

/** Runs a script that looks at responses, too. */
class LuaFilter extends LuaRequestFilter {
  #response: LuaStream | undefined = undefined;

  encodeHead(head: ResponseHead, endStream: boolean): ResponseFilterStatus {
    const owner = new ResponseOwner(this.runner, this.callbacks);
    const headers = ScriptHeaders.ofResponse(head);
    this.#response = this.runner.createStream(scriptFunction.onResponse, headers, owner);
    return this.#response?.start(endStream) === true ? 'buffer' : 'continue';
  }

  encodeData(chunk: Buffer, endStream: boolean): undefined {
    this.#response?.onData(chunk, endStream);
  }

  encodeEnd(trailers: HeaderList | undefined): undefined {
    this.#response?.onEnd(trailers);
  }

  override onDestroy(): void {
    super.onDestroy();
    this.#response?.end();
  }
}

/** What the scripts of both directions may do. */
class MessageOwner {
  protected readonly callbacks: FilterCallbacks;
  readonly #runner: ScriptRunner;

  constructor(runner: ScriptRunner, callbacks: FilterCallbacks) {
    this.#runner = runner;
    this.callbacks = callbacks;
  }

  prepareCall(call: ScriptCall): SendCall | string {
    return this.#runner.prepareCall(call);
  }

  report(message: string): void {
    this.#runner.report(message);
  }
}

class RequestOwner extends MessageOwner implements LuaStreamOwner {
  get bufferLimit(): number {
    return this.callbacks.requestBufferLimit || defaultBufferBytes;
  }

  continue(): void {
    this.callbacks.continueDecoding();
  }

  respond({ status, headers, body }: ScriptResponse): void {
    this.callbacks.sendLocalReply(status, body ?? '', headers);
  }
}

class ResponseOwner extends MessageOwner implements LuaStreamOwner {
  readonly respond: undefined = undefined;

  get bufferLimit(): number {
    return this.callbacks.responseBufferLimit || defaultBufferBytes;
  }

  continue(): void {
    this.callbacks.continueEncoding();
  }
}
