/** What is tried with every client of HTTP. */

import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readStats } from './sidecar.mjs';

const pieceCount = 1600;
const piece = Buffer.alloc(64 * 1024, 'x');
const byteCount = pieceCount * piece.length;

/** What may be under way between a reader or writer that stands still and its peer. */
const maxUnderWay = 32 * 1024 * 1024;
/** By so much the memory may grow while `byteCount` bytes pass. */
const maxGrowth = 32 * 1024 * 1024;

/**
 * The cases in the order of the table. Each gets `client`, the calls of the client under test;
 * `sidecar`, which is this client's alone; and `hosts`.
 */
export const cases = [
  { key: 'get', title: 'GET', run: get },
  { key: 'post', title: 'POST', run: post },
  { key: 'redirect', title: 'redirect', run: redirect },
  { key: 'abort', title: 'abort', run: abort },
  { key: 'retry', title: 'retry', run: retry },
  { key: 'unhealthy', title: '503', run: unhealthy },
  { key: 'download', title: '100 MB down', run: download },
  { key: 'upload', title: '100 MB up', run: upload },
  { key: 'keepAlive', title: 'keep-alive', run: keepAlive },
];

async function get({ client }) {
  const { status, text } = await client.get('http://app/echo?page=2');
  assert.equal(status, 200);
  const expected = { host: 'app', method: 'GET', url: '/echo?page=2', body: '' };
  assert.deepEqual(JSON.parse(text), expected);
}

async function post({ client }) {
  const { status, text } = await client.post('http://app/echo', 'hello');
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), { host: 'app', method: 'POST', url: '/echo', body: 'hello' });
}

/** The host of cluster `app` sends the client to a host of another cluster. */
async function redirect({ client, sidecar }) {
  const { status, text } = await client.get('http://app/redirect', { follow: true });
  assert.equal(status, 200);
  const expected = { host: 'other', method: 'GET', url: '/echo?from=app', body: '' };
  assert.deepEqual(JSON.parse(text), expected);
  assert.equal((await readStats(sidecar)).get('cluster.other.upstream_rq_total'), 1);
}

/** The client hears of it, and so does the host. */
async function abort({ client, hosts }) {
  const { left, waiting } = await hosts.state();
  const controller = new AbortController();
  const outcome = client.get('http://app/hang', { signal: controller.signal }).then(
    () => assert.fail('the request has not been aborted'),
    (error) => error,
  );
  await hosts.until((state) => state.waiting > waiting);
  assert.equal((await hosts.state()).left, left);
  controller.abort();
  const error = await outcome;
  assert.match(`${error?.name} ${error?.code} ${error?.message}`, /abort|cancel/i);
  await hosts.until((state) => state.left > left);
}

/** One of the two hosts refuses connections; the policy of the route says to try another. */
async function retry({ client, sidecar }) {
  for (const body of [undefined, 'hello', undefined, 'hello']) {
    const url = 'http://flaky/echo';
    const { status, text } = await (body ? client.post(url, body) : client.get(url));
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).body, body ?? '');
  }
  const stats = await readStats(sidecar);
  assert.ok(stats.get('cluster.flaky.upstream_rq_retry_success') > 0, 'no request was retried');
}

async function unhealthy({ client, sidecar }) {
  const { status, text } = await client.get('http://sick/echo');
  assert.equal(status, 503);
  assert.match(text, /no healthy upstream/);
  assert.equal((await readStats(sidecar)).get('cluster.sick.upstream_cx_none_healthy'), 1);
}

/** A reader that stands still holds the host back, and the memory stays bounded as it reads on. */
async function download(context) {
  const { client, hosts } = context;
  const memory = new MemoryWatch(context);
  const body = await client.download(`http://app/download?pieces=${pieceCount}`);
  let count = 0;
  let isFirst = true;
  for await (const chunk of body) {
    count += chunk.length;
    if (isFirst) {
      isFirst = false;
      const sent = await hosts.steady((state) => state.sent);
      assert.ok(sent < maxUnderWay, `${sent} bytes have been sent to a reader that stands still`);
    }
    memory.pass(chunk.length);
  }
  assert.equal(count, byteCount);
  memory.check();
}

/** A host that stands still holds the client back, and the memory stays bounded as it reads on. */
async function upload(context) {
  const { client, hosts } = context;
  const memory = new MemoryWatch(context);
  let taken = 0;
  async function* pieces() {
    for (let i = 0; i < pieceCount; i++) {
      taken += piece.length;
      memory.pass(piece.length);
      yield piece;
    }
  }
  const outcome = client.upload('http://app/upload', pieces());
  outcome.catch(() => {});
  await hosts.until((state) => state.isUploading);
  const underWay = await hosts.steady(() => taken);
  assert.ok(
    underWay < maxUnderWay,
    `${underWay} bytes have been taken for a host that stands still`,
  );
  await hosts.readUpload();
  const { status, text } = await outcome;
  assert.equal(status, 200);
  assert.equal(JSON.parse(text).received, byteCount);
  memory.check();
}

/** Requests that follow each other share one connection to the host. */
async function keepAlive({ client, hosts }) {
  const before = await hosts.state();
  for (let i = 0; i < 10; i++) {
    const { status } = await client.get('http://kept/echo');
    assert.equal(status, 200);
  }
  const after = await hosts.state();
  assert.equal(after.connections.kept - before.connections.kept, 1);
}

/** Looks how much memory is in use when half of the bytes have passed, above that at the start. */
class MemoryWatch {
  #startBytes;
  #growth = 0;
  #passed = 0;

  /** `context`: of one client, whose cases share the start, as collecting garbage takes time. */
  constructor(context) {
    context.startBytes ??= liveBytes();
    this.#startBytes = context.startBytes;
  }

  pass(bytes) {
    const wasBefore = this.#passed < byteCount / 2;
    this.#passed += bytes;
    if (wasBefore && this.#passed >= byteCount / 2) {
      this.#growth = allocatedBytes() - this.#startBytes;
      if (this.#growth > maxGrowth) this.#growth = liveBytes() - this.#startBytes;
    }
  }

  check() {
    assert.ok(this.#growth < maxGrowth, `the memory has grown by ${this.#growth} bytes`);
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Without what is garbage already: when it is collected is a matter of the release. */
function liveBytes() {
  collectGarbage();
  // What the first has found is given back by the second.
  collectGarbage();
  return allocatedBytes();
}

function allocatedBytes() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
