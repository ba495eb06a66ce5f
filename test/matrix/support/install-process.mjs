/**
 * A process with one copy of undici, `undici6` say, and a sidecar that is installed. The arguments:
 * the copy, when it is loaded (`early` or `late`), and the port of the host.
 */

import assert from 'node:assert/strict';
import { createSidecar } from './pillion.mjs';

const [name, moment, port] = process.argv.slice(2);
const elsewhere = `http://127.0.0.1:${port}`;
const places = ['1', '2'].map((number) => Symbol.for(`undici.globalDispatcher.${number}`));

const load = () => import(name);
const early = moment === 'early' ? await load() : undefined;

// Makes Node.js load its own.
void globalThis.Headers;
const readPlaces = () =>
  places.map((place) => Object.getOwnPropertyDescriptor(globalThis, place)?.value);
const before = readPlaces();
const host = { url: `tcp://127.0.0.1:${port}` };
const cluster = { connect_timeout_ms: 1000, lb_type: 'round_robin', type: 'static', hosts: [host] };
const address = 'tcp://127.0.0.1:0';
const sidecar = await createSidecar({
  config: {
    listeners: [],
    admin: { access_log_path: '/dev/null', address },
    cluster_manager: { clusters: [{ name: 'app', ...cluster }] },
  },
});
const restore = sidecar.install();
const undici = early ?? (await load());

/** What came to the host, by the functions of undici and by what Node.js has built in. */
const clients = [
  async (url, options) => (await undici.request(url, options)).body.json(),
  async (url, options) => (await undici.fetch(url, options)).json(),
  async (url, options) => (await fetch(url, options)).json(),
];
const isOurs = ({ rawHeaders }) => rawHeaders.includes('x-request-id');

/** Fails unless every client reaches the host, by the sidecar and without it. */
async function assertReached() {
  for (const client of clients) {
    assert.ok(isOurs(await client('http://app/')));
    const posted = await client('http://app/', { method: 'POST', body: 'some' });
    assert.equal(posted.body, 'some');
    assert.equal(isOurs(await client(elsewhere)), false);
  }
}

async function assertNotReached() {
  for (const client of clients) {
    await assert.rejects(client('http://app/'), (error) => {
      assert.match((error.cause ?? error).code, /ENOTFOUND|EAI_AGAIN/);
      return true;
    });
    assert.equal(isOurs(await client(elsewhere)), false);
  }
}

await assertReached();

// What an application does with the global dispatcher goes on over ours.
const ours = undici.getGlobalDispatcher();
let calls = 0;
const counted = ours.compose((dispatch) => (options, handler) => {
  calls++;
  return dispatch(options, handler);
});
undici.setGlobalDispatcher(counted);
await assertReached();
assert.ok(calls >= 6);
restore();
assert.equal(undici.getGlobalDispatcher(), counted);
await assertNotReached();

// Set back, what had to stay beneath is found by who installs next.
undici.setGlobalDispatcher(ours);
await assertNotReached();
sidecar.install()();
await assertNotReached();
if (moment === 'early' && name !== 'undici8') {
  assert.equal(readPlaces()[0], before[0]);
}

// A global dispatcher of the application's own is given all that is not ours, and given back.
const agent = new undici.Agent();
const composed = agent.compose((dispatch) => (options, handler) => dispatch(options, handler));
const mock = new undici.MockAgent();
mock.disableNetConnect();
mock.get('http://mocked').intercept({ path: '/' }).reply(200, { rawHeaders: [] });
for (const own of [agent, composed, mock]) {
  undici.setGlobalDispatcher(own);
  const there = readPlaces();
  const giveBack = sidecar.install();
  assert.ok(isOurs(await clients[0]('http://app/')));
  assert.ok(isOurs(await clients[1]('http://app/')));
  const other = own === mock ? 'http://mocked/' : elsewhere;
  assert.equal(isOurs(await clients[0](other)), false);
  giveBack();
  for (const [i, value] of readPlaces().entries()) {
    assert.equal(value, there[i]);
  }
  assert.equal(undici.getGlobalDispatcher(), own);
}
await Promise.all([agent.close(), mock.close()]);
process.stdout.write('done\n');
