/** Drives one way of making requests; here the contender makes its own load. */

import { ownCpuMicros, serve } from '../../child.mjs';
import { helloBody } from '../../hello.mjs';
import { latencySummary } from '../../statistics.mjs';

/**
 * Lets the parent start runs of `call`.
 *
 * @param call makes one request; resolves to its status code and its body as text
 */
export function serveCaller(call) {
  const run = async ({ concurrency, ms }) => {
    const latencies = [];
    const cpuBefore = ownCpuMicros();
    const start = performance.now();
    const loops = Array.from({ length: concurrency }, () => callUntil(start + ms, call, latencies));
    await Promise.all(loops);
    const seconds = (performance.now() - start) / 1000;
    const cpuMicros = ownCpuMicros() - cpuBefore;
    return { requests: latencies.length, seconds, cpuMicros, ...latencySummary(latencies) };
  };
  serve({}, { run });
}

async function callUntil(deadline, call, latencies) {
  let sentAt = performance.now();
  while (sentAt < deadline) {
    const { statusCode, text } = await call();
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    if (text !== helloBody) throw new Error(`unexpected body ${JSON.stringify(text)}`);
    const now = performance.now();
    latencies.push(now - sentAt);
    sentAt = now;
  }
}
