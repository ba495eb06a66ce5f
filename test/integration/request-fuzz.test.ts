import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestProxy } from '../support/proxy.js';
import { cutAtRandom } from '../support/random-bytes.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { SeededRandom } from '../support/seeded-random.js';

/** Requests that are sound until they are changed. */
const sound: readonly [string, ...string[]] = [
  'GET /get HTTP/1.1\r\nhost: a\r\naccept: */*\r\n\r\n',
  'GET /close HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  'POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello',
  'POST /chunks HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'PUT /trailers HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx-t: 1\r\n\r\n',
  'PUT /expect HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\nabc',
  'GET /upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
  'POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 34\r\n\r\nGET /evil HTTP/1.1\r\nhost: evil\r\n\r\n',
];

/** What stands where it should not, in most requests that have been misread somewhere. */
const pieces: readonly [string, ...string[]] = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '\x0b',
  ':',
  ',',
  ';',
  '0',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  'content-length: 3\r\n',
  'content-length : 3\r\n',
  'transfer-encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'connection: transfer-encoding\r\n',
  'connection: close\r\n',
  'upgrade: websocket\r\n',
  'host: b\r\n',
  'GET /evil HTTP/1.1\r\nhost: evil\r\n\r\n',
  '#',
  '\xff',
];

function changeOnce(random: SeededRandom, text: string): string {
  const at = random.integer(text.length + 1);
  const end = at + random.integer(8);
  switch (random.integer(4)) {
    case 0:
      return text.slice(0, at) + random.pick(pieces) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return text.slice(0, at) + String.fromCharCode(random.integer(256)) + text.slice(at + 1);
    default:
      return text.slice(0, end) + text.slice(at);
  }
}

/** Returns one request or two, most of them changed. */
function makeInput(random: SeededRandom): string {
  let text = random.pick(sound);
  if (random.integer(2) === 0) {
    text += random.pick(sound);
  }
  for (let left = random.integer(3); left > 0; left--) {
    text = changeOnce(random, text);
  }
  return text;
}

/** Fewer rounds through the event loop than these say nothing about a request that is incomplete. */
const minRounds = 3;
const maxRounds = 100;

for (const seed of [1, 2, 3, 4]) {
  test(`whatever is sent is refused or has one reading: ${seed}`, async (t) => {
    const upstream = await RecordingUpstream.start();
    const manager = { codec_type: 'http1' };
    const proxy = await TestProxy.start(t, { upstream: upstream.raw, manager });
    const random = new SeededRandom(seed);
    let arrived = 0;
    for (let i = 0; i < 100; i++) {
      const input = makeInput(random);
      const client = await proxy.connect();
      for (const piece of cutAtRandom(random, Buffer.from(input, 'latin1'))) {
        client.socket.write(piece);
      }
      for (let round = 0; round < maxRounds; round++) {
        const isActive = (await proxy.stat('downstream_rq_active')) !== 0;
        if (client.hasEnded || (!isActive && round >= minRounds)) {
          break;
        }
      }
      client.socket.destroy();
      await proxy.untilStat('downstream_cx_active', 0);
      const answers = client.received.match(/HTTP\/1\.1 200 OK\r\n/g)?.length ?? 0;
      const requests = upstream.requests.length - arrived;
      const shown = JSON.stringify(input);
      assert.deepEqual(upstream.errors, [], shown);
      assert.deepEqual(proxy.errors, [], shown);
      assert.ok(answers <= requests, `${answers} answers to ${requests} requests: ${shown}`);
      arrived += requests;
    }
    assert.ok(arrived > 30, `only ${arrived} requests have arrived`);
    assert.equal(await proxy.stat('downstream_rq_active'), 0);
  });
}
