/** A request of ours, not of a client: discovery, rate limits, traces. */
export interface AsyncRequest {
  readonly method: 'GET';
  readonly path: string;
  readonly authority: string;
}

/** What became of it. A failure is a value: `reason` says what happened, in words. */
export type AsyncResult =
  | { readonly kind: 'response'; readonly status: number; readonly body: Buffer }
  | { readonly kind: 'failure'; readonly reason: string };

/** Sends single requests to one cluster, without routing and without retries. */
export interface AsyncClient {
  /** Calls `onResult` once, within `timeoutMs`. Returns how to give the request up in silence. */
  send(
    request: AsyncRequest,
    timeoutMs: number,
    onResult: (result: AsyncResult) => void,
  ): () => void;
}
