import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { BreakerOptions } from '../../lib/upstream/breaker/breaker-options.js';
import { clusterLines } from './cluster-lines.js';
import type { ClientResponse } from './http-client.js';
import { RetryProxy } from './retry-proxy.js';

/** Opens with the fourth result, of which more than half are failures. */
export const breaker: BreakerOptions = {
  errorThresholdPercentage: 50,
  volumeThreshold: 4,
  resetTimeout: 5000,
};

/** What a test says about its proxy, but for the options. */
export type BreakerProxyParts = Omit<Parameters<typeof RetryProxy.start>[1], 'options'>;

/** Starts a proxy whose cluster `app` has a breaker. */
export function startBreakerProxy(
  t: TestContext,
  parts: BreakerProxyParts,
  breakers: Readonly<Record<string, BreakerOptions>> = { app: breaker },
): Promise<RetryProxy> {
  return RetryProxy.start(t, { ...parts, options: { breakers } });
}

/** Sends so many requests, one after the other. */
export async function sendMany(run: RetryProxy, count: number): Promise<ClientResponse[]> {
  const responses: ClientResponse[] = [];
  for (let i = 0; i < count; i++) {
    responses.push(await run.proxy.send());
  }
  return responses;
}

/** The state of the breaker, as `/clusters` shows it. */
export function breakerState(run: RetryProxy): Promise<string | undefined> {
  return clusterLines(run.proxy).then((lines) => lines.get('app::breaker::state'));
}

/** Whether a response is that of a breaker. */
export function isRefused({ status: code, headers, text }: ClientResponse): boolean {
  return (
    code === 503 && headers['x-envoy-overloaded'] === 'true' && text === 'circuit breaker open'
  );
}

/** Opens the breaker, whose host fails, and lets its time pass. */
export async function halfOpen(run: RetryProxy): Promise<void> {
  await sendMany(run, 4);
  assert.equal(await breakerState(run), 'open');
  run.proxy.clock.advance(5000);
  assert.equal(await breakerState(run), 'half_open');
}
