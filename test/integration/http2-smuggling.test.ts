import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { TestProxy } from '../support/proxy.js';
import { type RecordedRequest, RecordingUpstream } from '../support/recording-upstream.js';
import { until } from '../support/until.js';

/** Frame types and flags of RFC 9113, 6. */
const frameTypes = { data: 0, headers: 1, rstStream: 3, settings: 4, goaway: 7 };
const endStream = 1;
const endHeaders = 4;

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Names and values as they are, which no client library would send: RFC 7541, 6.2.2. */
function headerBlock(fields: readonly Field[]): Buffer {
  const parts = fields.flatMap(([name, value]) => [
    Buffer.from([0, name.length]),
    Buffer.from(name, 'latin1'),
    Buffer.from([value.length]),
    Buffer.from(value, 'latin1'),
  ]);
  return Buffer.concat(parts);
}

type Field = readonly [name: string, value: string];

/** A request that is sound until a test changes it. */
function fieldsOf(changes: Readonly<Record<string, string>>, more: readonly Field[]): Field[] {
  const sound = { ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'a' };
  return [...Object.entries({ ...sound, ...changes }), ...more];
}

/** Sends one request in bytes of its own making, and returns what of it has reached the host. */
async function pass(
  t: TestContext,
  fields: readonly Field[],
  body?: string,
): Promise<readonly RecordedRequest[]> {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  const flags = endHeaders | (body === undefined ? endStream : 0);
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(frame(frameTypes.settings, 0, 0, Buffer.alloc(0)));
  socket.write(frame(frameTypes.headers, flags, 1, headerBlock(fields)));
  if (body !== undefined) {
    socket.write(frame(frameTypes.data, endStream, 1, Buffer.from(body)));
  }
  await untilAnswered(socket);
  socket.destroy();
  await proxy.untilStat('downstream_cx_active', 0);
  assert.deepEqual(upstream.errors, []);
  assert.deepEqual(proxy.errors, []);
  return upstream.requests;
}

/** Waits for a response, or for the end of the stream or the connection. */
async function untilAnswered(socket: Socket): Promise<void> {
  let received = Buffer.alloc(0);
  let isAnswered = false;
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const type = received.readUInt8(3);
      const { headers, rstStream, goaway } = frameTypes;
      isAnswered ||= type === headers || type === rstStream || type === goaway;
      received = received.subarray(9 + received.readUIntBE(0, 3));
    }
  });
  socket.on('close', () => {
    isAnswered = true;
  });
  await until(() => isAnswered, 'the request is answered');
}

const evil = 'GET /evil HTTP/1.1\r\nhost: a\r\n\r\n';

describe('over HTTP/2 nothing reaches a host of a request', () => {
  for (const [what, changes, more, body] of [
    ['without a path', { ':path': '' }, []],
    ['whose path is a line', { ':path': '/ HTTP/1.1\r\nx-a: b' }, []],
    ['whose path has a space', { ':path': '/a b' }, []],
    ['whose path has a NUL', { ':path': '/a\0b' }, []],
    ['whose path is not ASCII', { ':path': '/\xc3\xbc' }, []],
    ['whose path has a fragment', { ':path': '/a#b' }, []],
    ['whose path is absolute', { ':path': 'http://b/' }, []],
    ['whose method is a line', { ':method': 'GET /evil HTTP/1.1\r\nx-a:' }, []],
    ['whose method has a space', { ':method': 'GE T' }, []],
    ['whose host is empty', { ':authority': '' }, []],
    ['whose host is a line', { ':authority': 'a\r\nx-a: b' }, []],
    ['whose host names a user', { ':authority': 'u@a' }, []],
    ['whose host has a slash', { ':authority': 'a/b' }, []],
    ['that has another host', {}, [['host', 'b']]],
    ['that has two paths', {}, [[':path', '/evil']]],
    [
      'whose path comes late',
      {},
      [
        ['x-a', 'b'],
        [':path', '/evil'],
      ],
    ],
    ['that has an unknown pseudo-header', {}, [[':evil', 'b']]],
    ['with a transfer coding', {}, [['transfer-encoding', 'chunked']], '0\r\n\r\n'],
    ['with headers of a connection', {}, [['connection', 'close']]],
    ['that asks for an upgrade', {}, [['upgrade', 'websocket']]],
    [
      'with more body than announced',
      { ':method': 'POST' },
      [['content-length', '5']],
      `12345${evil}`,
    ],
    ['with less body than announced', { ':method': 'POST' }, [['content-length', '99']], evil],
    ['without the body announced', { ':method': 'POST' }, [['content-length', '5']]],
    ['with a length that is none', { ':method': 'POST' }, [['content-length', '+5']], '12345'],
    [
      'with two lengths',
      { ':method': 'POST' },
      [
        ['content-length', '5'],
        ['content-length', '5'],
      ],
      '12345',
    ],
  ] as readonly [string, Record<string, string>, Field[], string?][]) {
    test(what, async (t) => {
      assert.deepEqual(await pass(t, fieldsOf(changes, more), body), []);
    });
  }
});

describe('over HTTP/2 a request reaches a host without a field', () => {
  for (const [what, field] of [
    ['whose value is two lines', ['x-a', 'b\r\nx-c: d']],
    ['whose value ends with a line', ['x-a', 'b\r\n\r\nGET /evil HTTP/1.1\r\nhost: a']],
    ['whose value has a bare LF', ['x-a', 'b\nx-c: d']],
    ['whose value has a bare CR', ['x-a', 'b\rx-c: d']],
    ['whose value has a NUL', ['x-a', 'b\0']],
    ['whose name has a line break', ['x-a: b\r\nx-c', 'd']],
    ['whose name has a colon', ['x-a:', 'd']],
    ['whose name has a space', ['x a', 'd']],
    ['whose name has a capital', ['X-A', 'd']],
    ['whose name is empty', ['', 'd']],
  ] as readonly [string, Field][]) {
    test(`${what}, or not at all`, async (t) => {
      const requests = await pass(t, fieldsOf({}, [field, ['x-ok', '1']]));
      for (const { target, headers } of requests) {
        const names = headers.map(([name]) => name).sort();
        assert.equal(target, '/');
        assert.deepEqual(names, ['host', 'x-forwarded-proto', 'x-ok', 'x-request-id']);
      }
      assert.ok(requests.length <= 1);
    });
  }
});

test('over HTTP/2 a body that looks like a request is a body', async (t) => {
  for (const more of [[], [['content-length', String(evil.length)]]] as const) {
    const fields = fieldsOf({ ':method': 'POST' }, more as readonly Field[]);
    const requests = await pass(t, fields, evil);
    assert.deepEqual(
      requests.map(({ method, body }) => [method, body]),
      [['POST', evil]],
    );
  }
});
