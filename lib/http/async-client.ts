import type { HeaderList } from './headers.js';

/** A request of ours, not of a client: discovery, rate limits, traces, scripts. */
export interface AsyncRequest {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** Default: JSON is asked for. */
  readonly headers?: HeaderList;
  readonly body?: Buffer;
}

/** What became of it. A failure is a value: `reason` says what happened, in words. */
export type AsyncResult =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly body: Buffer;
      readonly headers?: HeaderList;
    }
  | {
      readonly kind: 'failure';
      readonly reason: string;
      /** What the router would have answered. */
      readonly status?: number;
    };

/** Sends single requests to one cluster, without routing and without retries. */
export interface AsyncClient {
  /** Calls `onResult` once, within `timeoutMs`; 0 for no limit. Returns how to give the request up in silence. */
  send(
    request: AsyncRequest,
    timeoutMs: number,
    onResult: (result: AsyncResult) => void,
  ): () => void;
}
