import { fromByteString } from '../../base/byte-string.js';
import type { AsyncResult } from '../../http/async-client.js';
import { LuaFilterStats } from '../../telemetry/stats/lua-filter-stats.js';
import { ClusterAsyncClient } from '../../upstream/cluster-async-client.js';
import type { FilterContext } from '../filter-context.js';
import type { LuaScript } from './lua-script.js';
import type { ScriptFunction } from './lua-state.js';
import { LuaStream, type LuaStreamOwner, type SendCall } from './lua-stream.js';
import type { ScriptHeaders } from './script-headers.js';
import type { ScriptCall, ScriptCallResult } from './script-stream.js';

/** The same error is logged again at the earliest after so long: every request may meet it. */
const logIntervalMs = 10_000;

/** What all filters of one entry `lua` share: the script, and what it may reach. */
export class ScriptRunner {
  readonly #script: LuaScript;
  readonly #context: FilterContext;
  readonly #stats: LuaFilterStats;
  #lastError = '';
  #logMs = 0;

  constructor(script: LuaScript, context: FilterContext) {
    this.#script = script;
    this.#context = context;
    this.#stats = context.statsLease.share(`${context.scope}.lua`, LuaFilterStats);
  }

  /** Makes what runs a function of the script for a message; `undefined` if none runs. */
  createStream(
    place: ScriptFunction,
    head: ScriptHeaders,
    owner: LuaStreamOwner,
  ): LuaStream | undefined {
    const coroutine = this.#script.createCoroutine(place);
    if (typeof coroutine === 'string') {
      this.report(coroutine);
      return undefined;
    }
    return coroutine && new LuaStream(coroutine, head, owner);
  }

  report(message: string): void {
    this.#stats.errors++;
    const now = this.#context.clock.now();
    if (message !== this.#lastError || now >= this.#logMs) {
      this.#lastError = message;
      this.#logMs = now + logIntervalMs;
      this.#context.log.error(`lua: script error: ${fromByteString(message)}`);
    }
  }

  prepareCall({ cluster: name, timeoutMs, body, ...request }: ScriptCall): SendCall | string {
    const { clusterManager, wheel } = this.#context;
    const cluster = clusterManager.get(fromByteString(name));
    if (cluster === undefined) {
      return 'http call cluster invalid. Must be configured';
    }
    const client = new ClusterAsyncClient(() => cluster, wheel);
    const whole = body === undefined ? request : { ...request, body };
    return (onResult) => client.send(whole, timeoutMs, (result) => onResult(toCallResult(result)));
  }
}

/** A failure is what the router would have answered. */
function toCallResult(result: AsyncResult): ScriptCallResult {
  if (result.kind === 'response') {
    return { status: result.status, headers: result.headers ?? [], body: result.body };
  }
  const { status = 503 } = result;
  const text = status === 504 ? 'upstream request timeout' : 'upstream failure';
  const headers = ['content-length', String(text.length), 'content-type', 'text/plain'];
  return { status, headers, body: Buffer.from(text) };
}
