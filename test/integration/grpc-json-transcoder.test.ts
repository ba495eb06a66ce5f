import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { frame, GrpcUpstream, sendGrpc } from '../support/grpc-fixture.js';
import type { ClientRequest } from '../support/http-client.js';
import { startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { bookMessage, bookstorePath, shelfMessage } from '../support/transcoder-fixture.js';
import {
  createShelf,
  poetry,
  startTranscoding,
  transcoding,
} from '../support/transcoding-proxy.js';

describe('a request in JSON', () => {
  test('becomes a call, and its response JSON', async (t) => {
    const { proxy, upstream } = await startTranscoding(t, {
      pieces: [poetry.subarray(0, 3), poetry.subarray(3)],
      trailers: { 'grpc-status': '0', 'Grpc-Message': 'fine', 'x-more': '1' },
      headers: { trailer: 'grpc-status', 'x-extra': 'yes' },
    });
    const response = await proxy.send({
      ...createShelf,
      path: '/shelves?dry_run=true',
      headers: {
        'content-type': 'application/json',
        'grpc-accept-encoding': 'gzip',
        'x-mine': '1',
      },
    });
    assert.equal(response.status, 200);
    assert.equal(response.text, '{"id":"5","theme":"Poetry"}');
    assert.equal(response.headers['content-type'], 'application/json');
    assert.equal(response.headers['content-length'], '27');
    assert.equal(response.headers['grpc-status'], '0');
    assert.equal(response.headers['grpc-message'], 'fine');
    assert.equal(response.headers['x-extra'], 'yes');
    assert.equal(response.headers['trailer'], undefined);
    assert.deepEqual(response.trailers, {});
    const [call] = upstream.calls;
    assert.equal(call?.request.method, 'POST');
    assert.equal(call?.request.url, '/bookstore.Bookstore/CreateShelf');
    const { headers } = call?.request ?? { headers: {} };
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(headers['te'], 'trailers');
    assert.equal(headers['x-envoy-original-path'], '/shelves?dry_run=true');
    assert.equal(headers['grpc-accept-encoding'], undefined);
    assert.equal(headers['x-mine'], '1');
    assert.equal(headers['content-length'], String(call?.body.length));
    // CreateShelfRequest: shelf is field 1, dry_run is field 2.
    const shelf = Buffer.from('\x12\x06Poetry');
    assert.deepEqual(
      call?.body,
      frame(Buffer.concat([Buffer.from([0x0a, shelf.length]), shelf, Buffer.from([0x10, 1])])),
    );
  });

  test('without a body is made of its path and its query', async (t) => {
    const { proxy, upstream } = await startTranscoding(t);
    const response = await proxy.send({ path: '/shelves/5?with_books=true' });
    assert.equal(response.text, '{"id":"5","theme":"Poetry"}');
    assert.equal((await proxy.send({ path: '/shelves' })).status, 200);
    assert.deepEqual(
      upstream.calls.map(({ request, body }) => [
        request.method,
        request.url,
        body.toString('hex'),
      ]),
      [
        ['POST', '/bookstore.Bookstore/GetShelf', '000000000408051801'],
        ['POST', '/bookstore.Bookstore/ListShelves', '0000000000'],
      ],
    );
  });

  test('can be made in every way that the rules of its method name', async (t) => {
    const { proxy, upstream } = await startTranscoding(t);
    const sent: [string, string, string?][] = [
      ['GET', '/v2/racks/a/shelves/b'],
      ['GET', '/archive/x/y'],
      ['DELETE', '/shelves/3'],
      ['LOCK', '/shelves/4'],
      ['POST', '/shelves/6:merge', '{"theme":"a"}'],
      ['PUT', '/everything/numbers', '[1,2]'],
      ['PUT', '/everything/names', '{"a":1}'],
      ['PUT', '/everything/deep', '{"int32Value":9}'],
      ['GET', '/books?book.title=a%20b&words=x&words=y&genre=PROSE&limit=3&weight=0.5&cover=YQ'],
      ['GET', '/books?since=1970-01-01T00:00:01Z&book.id=1'],
    ];
    for (const [method, path, body] of sent) {
      await proxy.send({ method, path, ...(body === undefined ? {} : { body }) });
    }
    assert.deepEqual(
      upstream.calls.map(({ request, body }) => [
        request.url?.replace('/bookstore.Bookstore/', ''),
        body.toString('hex', 5),
      ]),
      [
        ['GetShelf', `1211${Buffer.from('racks/a/shelves/b').toString('hex')}`],
        ['GetShelf', '1203782f79'],
        ['DeleteShelf', '0803'],
        ['LockShelf', '0804'],
        ['MergeShelf', '1201610806'],
        ['Try', 'a201020102'],
        ['Try', 'c201050a01611001'],
        ['Try', '9a01059a01022809'],
        [
          'FindBooks',
          '0a051a03612062120178120179180 22a02080331000000000000e03f3a0161'.replace(' ', ''),
        ],
        ['FindBooks', '22040801 10000a020801'.replace(' ', '')],
      ],
    );
  });

  test('takes the route of the call', async (t) => {
    const route = { prefix: '/bookstore.Bookstore/', cluster: 'app', timeout_ms: 0 };
    const virtualHosts = [{ name: 'all', domains: ['*'], routes: [route] }];
    const upstream = await GrpcUpstream.start(() => ({ pieces: [poetry] }));
    const clusters = [
      {
        name: 'app',
        connect_timeout_ms: 250,
        type: 'static',
        lb_type: 'round_robin',
        hosts: [{ url: upstream.host.url }],
      },
    ];
    const { proxy } = await startTranscoding(t, {}, { config: { virtualHosts, clusters } });
    t.after(() => upstream.host.close());
    assert.equal((await proxy.send(createShelf)).status, 200);
    assert.equal((await proxy.send({ path: '/other' })).status, 404);
  });

  test('may be large, up to the buffer limit', async (t) => {
    const { proxy, upstream } = await startTranscoding(t);
    const body = (length: number): string => JSON.stringify({ theme: 'x'.repeat(length) });
    assert.equal((await proxy.send({ ...createShelf, body: body(1_000_000) })).status, 200);
    assert.equal(upstream.calls[0]?.body.length, 1_000_000 + 5 + 8);
    assert.equal((await proxy.send({ ...createShelf, body: body(1_048_576) })).status, 413);
    assert.equal(upstream.calls.length, 1);
  });

  test('can be answered by a mounted application', async (t) => {
    const seen: string[] = [];
    const application = (request: IncomingMessage, response: ServerResponse): void => {
      request.on('data', (chunk: Buffer) => seen.push(chunk.toString('hex')));
      request.on('end', () => sendGrpc(response, { pieces: [poetry] }));
    };
    const proxy = await startMounted(t, application, { manager: transcoding() });
    assert.equal((await proxy.send({ path: '/shelves/5' })).text, '{"id":"5","theme":"Poetry"}');
    assert.equal(seen.join(''), '00000000020805');
  });
});

describe('a request that does not fit', () => {
  for (const [what, request, text] of [
    ['is not JSON', { ...createShelf, body: '{"theme":' }, 'the body is not JSON'],
    [
      'has an unknown field',
      { ...createShelf, body: '{"them":1}' },
      'shelf: bookstore.Shelf has no field "them"',
    ],
    [
      'has a value of another type',
      { ...createShelf, body: '{"id":"a"}' },
      'shelf: id: expected int64, found "a"',
    ],
    ['has a path of another type', { path: '/shelves/a' }, 'shelf: expected int64, found "a"'],
    [
      'has a query of another type',
      { path: '/books?genre=NONE' },
      'genre: expected bookstore.Genre, found "NONE"',
    ],
    [
      'has a message in its query',
      { path: '/books?book=a' },
      'book: expected bookstore.Book, found "a"',
    ],
  ] as const) {
    test(`because it ${what} is answered with 400`, async (t) => {
      const { proxy, upstream } = await startTranscoding(t);
      const response = await proxy.send(request);
      assert.deepEqual([response.status, response.text], [400, text]);
      assert.equal(response.headers['content-type'], 'text/plain');
      assert.equal(upstream.calls.length, 0);
    });
  }

  test('is answered in the middle of a stream, too, and hurts nobody', async (t) => {
    const { proxy, upstream } = await startTranscoding(t);
    const client = await proxy.connect();
    client.write('POST /shelves/1/books HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
    client.write('5\r\n[{}, \r\n');
    client.write('4\r\n{x},\r\n');
    await client.until('the body is not JSON');
    assert.match(client.received, /^HTTP\/1\.1 400 /);
    assert.equal(upstream.calls.length, 0);
    assert.equal((await proxy.send(createShelf)).status, 200);
    assert.deepEqual(proxy.errors, []);
  });

  test('because it is nested too deep is answered with 400', async (t) => {
    const { proxy } = await startTranscoding(t);
    const body = `{"self":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const response = await proxy.send({ method: 'POST', path: '/everything', body });
    assert.equal(response.status, 400);
    assert.deepEqual(proxy.errors, []);
  });
});

describe('a request passes unchanged', () => {
  for (const [what, request] of Object.entries<ClientRequest>({
    'with a path of no rule': { method: 'POST', path: '/nothing', body: '{}' },
    'with another method': { method: 'PATCH', path: '/shelves', body: '{}' },
    'with a parameter of no field': { path: '/shelves/1?page=2' },
    'to a method without a rule': {
      method: 'POST',
      path: '/bookstore.Bookstore/Hide',
      body: '{}',
    },
    'if it is a call of gRPC': {
      method: 'POST',
      path: '/shelves',
      headers: { 'content-type': 'application/grpc+proto' },
      body: frame('x'),
    },
  })) {
    test(what, async (t) => {
      const { proxy, upstream } = await startTranscoding(t);
      const response = await proxy.send(request);
      assert.equal(response.headers['content-type'], 'application/grpc');
      assert.deepEqual(response.body, poetry);
      assert.equal(response.trailers['grpc-status'], '0');
      const [call] = upstream.calls;
      assert.equal(call?.request.method, request.method ?? 'GET');
      assert.equal(call?.request.url, request.path);
      assert.equal(call?.request.headers['content-type'], request.headers?.['content-type']);
      assert.deepEqual(call?.body, Buffer.from(request.body ?? ''));
    });
  }
});

describe('the result of a call', () => {
  for (const [grpcStatus, status] of Object.entries({
    1: 499,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    11: 400,
    12: 501,
    13: 500,
    14: 503,
    15: 500,
    16: 401,
  })) {
    test(`is status ${status} for grpc-status ${grpcStatus}, without a body`, async (t) => {
      const trailers = { 'grpc-status': grpcStatus, 'grpc-message': 'no%20such' };
      const { proxy } = await startTranscoding(t, { trailers });
      const response = await proxy.send(createShelf);
      assert.equal(response.status, status);
      assert.equal(response.headers['grpc-status'], grpcStatus);
      assert.equal(response.headers['grpc-message'], 'no%20such');
      assert.equal(response.headers['content-type'], 'application/json');
      assert.equal(response.headers['content-length'], '0');
      assert.equal(response.body.length, 0);
    });
  }

  for (const grpcStatus of ['17', '-1', 'x', '']) {
    test(`is 503 for grpc-status "${grpcStatus}"`, async (t) => {
      const { proxy } = await startTranscoding(t, {
        pieces: [poetry],
        trailers: { 'grpc-status': grpcStatus },
      });
      const response = await proxy.send(createShelf);
      assert.deepEqual([response.status, response.text], [503, '']);
      assert.equal(response.headers['grpc-status'], undefined);
    });
  }

  for (const [what, pieces] of Object.entries({
    'has no message': [],
    'has two messages': [poetry, poetry],
    'is cut off': [poetry.subarray(0, 8)],
    'is compressed': [frame(shelfMessage(5, 'Poetry'), 1)],
    'has another message': [frame('\xff')],
  })) {
    test(`is 502 if the response ${what}`, async (t) => {
      const { proxy } = await startTranscoding(t, { pieces });
      const response = await proxy.send(createShelf);
      assert.deepEqual([response.status, response.text], [502, '']);
    });
  }

  test('is 500 if the response is beyond the buffer limit', async (t) => {
    const { proxy } = await startTranscoding(t, { pieces: [frame('x'.repeat(1_048_576))] });
    assert.equal((await proxy.send(createShelf)).status, 500);
  });

  /** A host that answers with a head and nothing else. */
  async function startHeadOnly(
    t: TestContext,
    headers: Record<string, string>,
  ): Promise<TestProxy> {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-length': '0', ...headers });
      response.end();
    });
    return await TestProxy.start(t, { upstream, manager: transcoding() });
  }

  test('may stand in a head that is all there is', async (t) => {
    const headers = {
      'content-type': 'application/grpc',
      'grpc-status': '5',
      'grpc-message': 'no',
    };
    const proxy = await startHeadOnly(t, headers);
    for (const path of ['/shelves/1', '/shelves/1/books']) {
      const response = await proxy.send({ path });
      assert.equal(response.status, 404);
      assert.equal(response.headers['grpc-message'], 'no');
      assert.equal(response.headers['content-type'], 'application/json');
      assert.equal(response.headers['content-length'], '0');
    }
  });

  test('is a list without elements, or 502, if such a head claims success', async (t) => {
    const proxy = await startHeadOnly(t, {
      'content-type': 'application/grpc',
      'grpc-status': '0',
    });
    const list = await proxy.send({ path: '/shelves/1/books' });
    assert.deepEqual([list.status, list.text, list.headers['content-length']], [200, '[]', '2']);
    assert.equal((await proxy.send({ path: '/shelves/1' })).status, 502);
  });

  test('may stand in the head of a response with a length', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(200, {
        'content-type': 'application/grpc+proto',
        'content-length': String(poetry.length),
        'grpc-status': '0',
      });
      response.end(poetry);
    });
    const proxy = await TestProxy.start(t, { upstream, manager: transcoding() });
    const response = await proxy.send(createShelf);
    assert.equal(response.text, '{"id":"5","theme":"Poetry"}');
    assert.equal(response.headers['content-length'], '27');
  });

  test('of a host that does not speak gRPC is passed on as it is', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(502, { 'content-type': 'text/html' });
      response.end('<h1>Sorry</h1>');
    });
    const proxy = await TestProxy.start(t, { upstream, manager: transcoding() });
    for (const path of ['/shelves/1', '/shelves/1/books']) {
      const response = await proxy.send({ path });
      assert.deepEqual([response.status, response.text], [502, '<h1>Sorry</h1>']);
      assert.equal(response.headers['content-type'], 'text/html');
    }
  });

  test('of a host that has another status than 200 is passed on, whatever its type', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(404, { 'content-type': 'application/grpc' });
      response.end('nothing here');
    });
    const proxy = await TestProxy.start(t, { upstream, manager: transcoding() });
    const response = await proxy.send({ path: '/shelves/1' });
    assert.deepEqual([response.status, response.text], [404, 'nothing here']);
  });

  test('that the sidecar makes keeps its text', async (t) => {
    const { proxy, upstream } = await startTranscoding(t);
    await upstream.host.close();
    const response = await proxy.send(createShelf);
    assert.equal(response.status, 503);
    assert.match(response.text, /^upstream connect error/);
  });
});

test('the print options say how JSON is written', async (t) => {
  const print_options = {
    add_whitespace: true,
    always_print_primitive_fields: true,
    always_print_enums_as_ints: true,
    preserve_proto_field_names: true,
  };
  const upstream = await GrpcUpstream.start(() => ({ pieces: [frame(bookMessage('a'))] }));
  const services = ['bookstore.Bookstore'];
  const config = { proto_descriptor: bookstorePath, services, print_options };
  const filters = [
    { name: 'grpc_json_transcoder', config },
    { name: 'router', config: {} },
  ];
  const proxy = await TestProxy.start(t, { upstream: upstream.host, manager: { filters } });
  const books = await proxy.send({ path: '/shelves/1/books' });
  assert.equal(books.text, '[{\n "id": "0",\n "author": "",\n "title": "a"\n}\n]');
});

test('outbound calls are transcoded as well', async (t) => {
  const { proxy } = await startTranscoding(t);
  const response = await proxy.sidecar.request('http://app/shelves/5');
  assert.equal(response.statusCode, 200);
  assert.equal(await response.body.text(), '{"id":"5","theme":"Poetry"}');
});
