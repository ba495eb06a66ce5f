/** Undici's own interceptors and `RetryAgent` before `sidecar.dispatcher`: as before an Agent of undici. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createSidecar } from '../support/pillion.mjs';

const admin = 'tcp://127.0.0.1:9901';
const [major, minor] = process.versions.node.split('.').map(Number);
/** How often each path has been asked for. */
const asked = new Map();

function answer(request, response) {
  const { url } = request;
  asked.set(url, (asked.get(url) ?? 0) + 1);
  if (url.startsWith('/redirect')) {
    response.writeHead(302, { location: '/end' }).end();
  } else if (url.startsWith('/flaky') && asked.get(url) < 3) {
    response.writeHead(503).end('not yet');
  } else if (url.startsWith('/error')) {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"wrong":true}');
  } else {
    const cached = url.startsWith('/cached') ? { 'cache-control': 'public, max-age=100' } : {};
    const cookies = url.startsWith('/cookies') ? { 'set-cookie': ['a=1', 'b=2'] } : {};
    response.writeHead(200, { ...cached, ...cookies }).end('hello');
  }
}

let host;
let sidecar;

before(async () => {
  host = createServer(answer);
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  const hosts = [{ url: `tcp://127.0.0.1:${host.address().port}` }];
  sidecar = await createSidecar({
    config: {
      listeners: [],
      admin: { access_log_path: '/dev/null', address: admin },
      cluster_manager: {
        clusters: [
          { name: 'app', type: 'static', lb_type: 'round_robin', connect_timeout_ms: 1000, hosts },
        ],
      },
    },
    listenOn: { [admin]: 'tcp://127.0.0.1:0' },
  });
});

after(async () => {
  await sidecar.close({ timeoutMs: 0 });
  host.closeAllConnections();
  host.close();
});

/** What is to be seen with each interceptor, as without a sidecar. */
const cases = [
  ['redirect', { maxRedirections: 3 }, '/redirect', { status: 200, text: 'hello', count: 1 }],
  ['retry', { maxRetries: 3, minTimeout: 1 }, '/flaky', { status: 200, text: 'hello', count: 3 }],
  ['dump', { maxSize: 1024 }, '/dumped', { status: 200, text: '', count: 1 }],
  ['cache', undefined, '/cached', { status: 200, text: 'hello', count: 1 }],
  ['decompress', undefined, '/plain', { status: 200, text: 'hello', count: 1 }],
  ['deduplicate', undefined, '/shared', { status: 200, text: 'hello', count: 1 }],
];

for (const version of [6, 7, 8]) {
  // Undici 8 needs Node.js 22.19.
  const skip = version === 8 && (major < 22 || (major === 22 && minor < 19));
  describe(`undici ${version}`, { skip }, () => {
    let undici;
    before(async () => {
      undici = await import(`undici${version}`);
    });

    async function send(dispatcher, path) {
      const { statusCode, body } = await undici.request(`http://app${path}`, { dispatcher });
      return { status: statusCode, text: await body.text(), count: asked.get(path) };
    }

    for (const [name, options, path, expected] of cases) {
      test(`interceptors.${name}`, { timeout: 10_000 }, async (t) => {
        const create = undici.interceptors[name];
        if (create === undefined) {
          t.skip(`undici ${version} has none`);
          return;
        }
        const dispatcher = sidecar.dispatcher.compose(create(options));
        const own = `${path}?${version}`;
        // These two spare the host a request: one behind another, or at the same time.
        if (name === 'cache') await send(dispatcher, own);
        const other = name === 'deduplicate' ? send(dispatcher, own) : undefined;
        assert.deepEqual(await send(dispatcher, own), expected);
        await other;
      });
    }

    test('interceptors.responseError', { timeout: 10_000 }, async (t) => {
      const create = undici.interceptors.responseError;
      if (create === undefined) {
        t.skip(`undici ${version} has none`);
        return;
      }
      const dispatcher = sidecar.dispatcher.compose(create());
      await assert.rejects(send(dispatcher, '/error'), { statusCode: 500 });
    });

    test('interceptors before others, and RetryAgent', { timeout: 10_000 }, async () => {
      const { interceptors, RetryAgent } = undici;
      const composed = sidecar.dispatcher.compose(
        interceptors.redirect({ maxRedirections: 3 }),
        interceptors.retry({ maxRetries: 3, minTimeout: 1 }),
      );
      assert.equal((await send(composed, `/redirect?both-${version}`)).text, 'hello');
      const agent = new RetryAgent(sidecar.dispatcher, { maxRetries: 3, minTimeout: 1 });
      const path = `/flaky?agent-${version}`;
      assert.deepEqual(await send(agent, path), { status: 200, text: 'hello', count: 3 });
    });

    test('fetch behind interceptors has each of several cookies', { timeout: 10_000 }, async () => {
      const dispatcher = sidecar.dispatcher.compose(undici.interceptors.retry({ maxRetries: 1 }));
      const fetch = version === 6 ? globalThis.fetch : undici.fetch;
      const response = await fetch(`http://app/cookies?${version}`, { dispatcher });
      assert.equal(await response.text(), 'hello');
      assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
    });
  });
}
