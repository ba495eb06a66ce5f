/**
 * The load process: keep-alive connections that send pre-built bytes, one request at a time each.
 * It costs less per request than any of the proxies, so that it is not what is measured.
 */

import { connect } from 'node:net';
import { serve } from './child.mjs';
import { helloBody, helloRequest } from './hello.mjs';
import { ResponseReader } from './response-reader.mjs';
import { latencySummary } from './statistics.mjs';

/** How long a response may be missing, after the end of a run, until the run has failed. */
const graceMs = 2000;

/** Sends requests for `ms`, waits for the last responses; the first error of any kind fails it. */
function run({ port, concurrency, ms }) {
  return new Promise((resolve, reject) => {
    const latencies = [];
    const start = performance.now();
    const sockets = [];
    let unfinished = concurrency;
    const end = (outcome) => {
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      outcome();
    };
    const onError = (error) => end(() => reject(error));
    const onFinished = () => {
      unfinished -= 1;
      if (unfinished > 0) return;
      const seconds = (performance.now() - start) / 1000;
      end(() => resolve({ requests: latencies.length, seconds, ...latencySummary(latencies) }));
    };
    const timer = setTimeout(() => onError(new Error('a response is missing')), ms + graceMs);
    for (let i = 0; i < concurrency; i += 1) {
      sockets.push(open(port, start + ms, latencies, onFinished, onError));
    }
  });
}

/** One connection, busy until `deadline`. */
function open(port, deadline, latencies, onFinished, onError) {
  const reader = new ResponseReader(helloBody);
  let sentAt = 0;
  const onRead = (text) => {
    if (!reader.push(text)) return;
    const now = performance.now();
    latencies.push(now - sentAt);
    if (now >= deadline) return onFinished();
    sentAt = now;
    socket.write(helloRequest, 'latin1');
  };
  const callback = (length, buffer) => {
    try {
      onRead(buffer.latin1Slice(0, length));
    } catch (error) {
      onError(error);
    }
    return true;
  };
  // One buffer per connection for all its reads: nothing is left to collect.
  const onread = { buffer: Buffer.allocUnsafe(16_384), callback };
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
  socket.on('connect', () => {
    sentAt = performance.now();
    socket.write(helloRequest, 'latin1');
  });
  socket.on('error', onError);
  socket.on('end', () => onError(new Error('the connection was closed')));
  return socket;
}

serve({}, { run });
