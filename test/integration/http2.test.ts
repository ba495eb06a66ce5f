import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { FrameClient, flag, frameType, requestHeaders } from '../support/frame-client.js';
import { Http2Client, readResponse } from '../support/http2-client.js';
import { TestProxy } from '../support/proxy.js';
import { connectTls, credentials, sslContext, tlsFile } from '../support/tls-client.js';
import { until } from '../support/until.js';

const get = 'GET / HTTP/1.1\r\nhost: foo.com\r\nconnection: close\r\n\r\n';

/** Answers with what it was asked, when it has been asked all of it. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('x-method', request.method ?? '');
    response.setHeader('x-path', request.url ?? '');
    response.setHeader('x-trailers', JSON.stringify(request.trailers));
    response.end(Buffer.concat(chunks));
  });
}

describe('codec_type', () => {
  test('auto: a connection is HTTP/2 if it begins as one, and else HTTP/1.1', async (t) => {
    const proxy = await TestProxy.start(t);
    const response = await Http2Client.connect(proxy).send();
    assert.equal(response.status, 200);
    assert.equal(response.text, 'hello');
    assert.match(await proxy.exchange(get), /^HTTP\/1\.1 200 /);
    assert.equal(await proxy.stat('downstream_cx_total'), 2);
    assert.equal(await proxy.stat('downstream_cx_http2_total'), 1);
    assert.equal(await proxy.stat('downstream_cx_http1_total'), 1);
    assert.equal(await proxy.stat('downstream_rq_http2_total'), 1);
    assert.equal(await proxy.stat('downstream_rq_http1_total'), 1);
  });

  test('auto: the beginning may come byte by byte', async (t) => {
    const proxy = await TestProxy.start(t);
    const client = await FrameClient.connect(proxy, false);
    client.socket.setNoDelay(true);
    for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') {
      client.socket.write(byte);
      await proxy.stat('downstream_cx_active');
    }
    client.send(frameType.settings, 0, 0);
    client.request(1);
    const data = await client.until(frameType.data, 1);
    assert.equal(String(data.payload), 'hello');
  });

  test('auto: a method that begins as that of HTTP/2 is one of HTTP/1.1', async (t) => {
    const upstream = await FakeUpstream.start(echo);
    const proxy = await TestProxy.start(t, { upstream });
    const client = await proxy.connect();
    client.write('P');
    await proxy.untilStat('downstream_cx_active', 1);
    client.write(get.replace('GET', 'ROPFIND'));
    assert.match(await client.untilClosed(), /\r\nx-method: PROPFIND\r\n/);
  });

  test('auto: a beginning that goes wrong late gets status 400', async (t) => {
    const proxy = await TestProxy.start(t);
    assert.match(await proxy.exchange('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
  });

  test('auto: a client that says nothing is told so after a minute', async (t) => {
    const proxy = await TestProxy.start(t);
    const client = await proxy.connect();
    await proxy.untilStat('downstream_cx_active', 1);
    assert.equal(await proxy.stat('downstream_cx_http1_total'), 0);
    proxy.clock.advance(60_001);
    assert.match(await client.untilClosed(), /^HTTP\/1\.1 408 /);
  });

  test('auto: a client that leaves in the middle of its beginning is counted', async (t) => {
    const proxy = await TestProxy.start(t);
    const client = await proxy.connect();
    client.write('PRI *');
    client.socket.end();
    assert.equal(await client.untilClosed(), '');
    assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
    await proxy.untilStat('downstream_cx_active', 0);
  });

  test('http1: what HTTP/2 begins with is no request', async (t) => {
    const proxy = await TestProxy.start(t, { manager: { codec_type: 'http1' } });
    assert.match(await proxy.exchange('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await proxy.exchange(get), /^HTTP\/1\.1 200 /);
    assert.equal(await proxy.stat('downstream_cx_http2_total'), 0);
  });

  test('http2: nothing else is spoken', async (t) => {
    const proxy = await TestProxy.start(t, { manager: { codec_type: 'http2' } });
    assert.equal((await Http2Client.connect(proxy).send()).text, 'hello');
    const client = await FrameClient.connect(proxy, false);
    client.socket.write(get);
    await client.untilClosed();
    await proxy.untilStat('downstream_cx_protocol_error', 1);
    assert.equal(await proxy.stat('downstream_cx_http1_total'), 0);
    assert.equal(await proxy.stat('downstream_rq_total'), 1);
  });

  test('http2: a client that never says what it takes is cut after a minute', async (t) => {
    const proxy = await TestProxy.start(t, { manager: { codec_type: 'http2' } });
    const silent = await FrameClient.connect(proxy, false);
    await proxy.untilStat('downstream_cx_http2_active', 1);
    proxy.clock.advance(60_001);
    await silent.untilClosed();
    await proxy.untilStat('downstream_cx_http2_active', 0);
  });
});

describe('alpn_protocols', () => {
  const tls = (protocols: string) => ({ ssl_context: sslContext({ alpn_protocols: protocols }) });

  test('h2 makes a connection HTTP/2, with all that TLS brings', async (t) => {
    const proxy = await TestProxy.start(t, {
      config: {
        listener: {
          ssl_context: sslContext({
            alpn_protocols: 'h2,http/1.1',
            ca_cert_file: tlsFile('authority.pem'),
          }),
        },
      },
      manager: { forward_client_cert: 'sanitize_set', use_remote_address: true },
      upstream: await FakeUpstream.start((request, response) => {
        response.setHeader('x-proto', request.headers['x-forwarded-proto'] ?? '');
        response.end(request.headers['x-forwarded-client-cert']);
      }),
    });
    const socket = await connectTls(proxy.port, {
      ALPNProtocols: ['h2', 'http/1.1'],
      ...credentials('client'),
    });
    assert.equal(socket.alpnProtocol, 'h2');
    const client = Http2Client.connect(proxy, { createConnection: () => socket }, 'https');
    const response = await client.send();
    assert.equal(response.headers['x-proto'], 'https');
    assert.match(response.text, /Hash=[0-9a-f]{64}/);
    assert.equal(await proxy.stat('downstream_cx_ssl_active'), 1);
    assert.equal(await proxy.stat('downstream_cx_http2_active'), 1);
  });

  test('are offered as far as they are spoken, in their order', async (t) => {
    const offers = [
      { codec: 'auto', configured: 'http/1.1,h2', negotiated: 'http/1.1' },
      { codec: 'auto', configured: 'spdy/3,h2,http/1.1', negotiated: 'h2' },
      { codec: 'http1', configured: 'h2,http/1.1', negotiated: 'http/1.1' },
      { codec: 'http2', configured: 'http/1.1,h2', negotiated: 'h2' },
    ];
    for (const { codec, configured, negotiated } of offers) {
      const config = { listener: tls(configured) };
      const proxy = await TestProxy.start(t, { config, manager: { codec_type: codec } });
      const socket = await connectTls(proxy.port, { ALPNProtocols: ['h2', 'http/1.1'] });
      proxy.closesWith(socket);
      assert.equal(socket.alpnProtocol, negotiated, `${codec} ${configured}`);
    }
  });

  test('absent: the first bytes tell', async (t) => {
    const proxy = await TestProxy.start(t, { config: { listener: { ssl_context: sslContext() } } });
    const socket = await connectTls(proxy.port, { ALPNProtocols: ['h2'] });
    assert.equal(socket.alpnProtocol, false);
    const client = Http2Client.connect(proxy, { createConnection: () => socket }, 'https');
    assert.equal((await client.send()).text, 'hello');
  });

  test('http/1.1: the first bytes of HTTP/2 are no request then', async (t) => {
    const config = { listener: tls('http/1.1') };
    const proxy = await TestProxy.start(t, { config });
    const socket = await connectTls(proxy.port, { ALPNProtocols: ['http/1.1'] });
    proxy.closesWith(socket);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 400 /);
  });
});

describe('a request', () => {
  test('goes on in HTTP/1.1, with body and trailers', async (t) => {
    const upstream = await FakeUpstream.start(echo);
    const proxy = await TestProxy.start(t, { upstream });
    const response = await Http2Client.connect(proxy).send({
      headers: { ':path': '/a?b=c', te: 'trailers', 'x-a': ['1', '2'], 'x-latin': 'é' },
      body: Buffer.alloc(300_000, 'x'),
      trailers: { 'x-end': 'yes', 'x-envoy-max-retries': '7' },
    });
    assert.equal(response.body.length, 300_000);
    assert.equal(response.headers['x-method'], 'POST');
    assert.equal(response.headers['x-path'], '/a?b=c');
    assert.equal(response.headers['x-trailers'], '{"x-end":"yes"}');
    const [request] = upstream.requests;
    assert.equal(request?.httpVersion, '1.1');
    assert.equal(request?.headers.host, 'foo.com');
    assert.equal(request?.headers['te'], 'trailers');
    assert.equal(request?.headers['x-a'], '1, 2');
    assert.equal(request?.headers['x-latin'], 'é');
    assert.deepEqual(
      Object.keys(request?.headers ?? {}).filter((name) => name.startsWith(':')),
      [],
    );
  });

  test('has one field of cookies, whatever the number of theirs', async (t) => {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, { upstream });
    await Http2Client.connect(proxy).send({ headers: { cookie: ['a=1', 'b=2', 'c=3'] } });
    const raw = upstream.requests[0]?.rawHeaders ?? [];
    assert.equal(raw.filter((name) => name === 'cookie').length, 1);
    assert.equal(upstream.requests[0]?.headers.cookie, 'a=1; b=2; c=3');
  });

  test('takes its host from :authority, or from the header host', async (t) => {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, { upstream });
    const client = await FrameClient.connect(proxy);
    const [method, scheme, path] = requestHeaders;
    client.head(1, [method, scheme, path, ['host', 'bar.com']]);
    client.request(3, [['host', 'foo.com']]);
    await client.until(frameType.data, 1);
    await client.until(frameType.data, 3);
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers.host),
      ['bar.com', 'foo.com'],
    );
    // What differs is refused: hosts could choose either.
    client.request(5, [['host', 'bar.com']]);
    await proxy.untilStat('downstream_rq_4xx', 1);
    assert.equal(upstream.requests.length, 2);
  });

  test('is answered out of turn, and many at a time', async (t) => {
    const waiting: ServerResponse[] = [];
    const upstream = await FakeUpstream.start((_request, response) => waiting.push(response));
    const proxy = await TestProxy.start(t, { upstream });
    const client = Http2Client.connect(proxy);
    const streams = Array.from({ length: 100 }, () => client.send());
    await until(() => waiting.length === 100, 'all requests are at the host');
    assert.equal(await proxy.stat('downstream_rq_active'), 100);
    for (const [index, response] of waiting.reverse().entries()) {
      response.end(String(index));
    }
    const responses = await Promise.all(streams);
    const texts = responses.map(({ text }) => Number(text)).sort((a, b) => a - b);
    assert.deepEqual(
      texts,
      Array.from({ length: 100 }, (_, index) => index),
    );
    assert.equal(await proxy.stat('downstream_cx_http2_total'), 1);
  });

  test('that expects 100-continue gets it, and the host does not hear of it', async (t) => {
    const upstream = await FakeUpstream.start(echo);
    const proxy = await TestProxy.start(t, { upstream });
    const stream = Http2Client.connect(proxy).begin({
      ':method': 'POST',
      expect: '100-continue',
    });
    await once(stream, 'continue');
    const response = readResponse(stream);
    stream.end('body');
    assert.equal((await response).text, 'body');
    assert.equal(upstream.requests[0]?.headers.expect, undefined);
    assert.equal(await proxy.stat('downstream_rq_1xx'), 1);
  });

  test('without a path, such as CONNECT, gets status 404', async (t) => {
    const proxy = await TestProxy.start(t);
    const client = Http2Client.connect(proxy);
    for (const headers of [
      { ':method': 'CONNECT', ':path': undefined, ':authority': 'foo.com:80' },
      { ':method': 'OPTIONS', ':path': '*' },
    ]) {
      assert.equal((await client.send({ headers })).status, 404);
    }
    assert.equal(await proxy.stat('downstream_rq_non_relative_path'), 2);
  });

  test('reaches a mounted application, both bodies and trailers', async (t) => {
    const proxy = await TestProxy.start(t, { options: { mount: { app: echo } } });
    const response = await Http2Client.connect(proxy).send({
      body: 'to the application',
      trailers: { 'x-end': 'yes' },
    });
    assert.equal(response.text, 'to the application');
    assert.equal(response.headers['x-trailers'], '{"x-end":"yes"}');
  });

  test('is in the access log with its protocol', async (t) => {
    const proxy = await TestProxy.start(t);
    await Http2Client.connect(proxy).send({ headers: { ':path': '/x' } });
    const [line] = await proxy.logLines(1);
    assert.match(line ?? '', /"GET \/x HTTP\/2" 200 - 0 5 /);
  });
});

describe('a response', () => {
  test('has nothing of the connection of the host', async (t) => {
    const upstream = await FakeUpstream.start((_request, response) => {
      response.writeHead(200, [
        ...['connection', 'keep-alive, x-b', 'keep-alive', 'timeout=5', 'upgrade', 'h2c'],
        ...['proxy-connection', 'keep-alive', 'set-cookie', 'a=1', 'set-cookie', 'b=2'],
      ]);
      response.end('hello');
    });
    const proxy = await TestProxy.start(t, { upstream });
    const { status, headers, text } = await Http2Client.connect(proxy).send();
    assert.equal(status, 200);
    assert.equal(text, 'hello');
    assert.deepEqual(Object.keys(headers).sort(), [
      ...[':status', 'date', 'server', 'set-cookie', 'x-envoy-upstream-service-time'],
    ]);
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
  });

  test('has trailers, as of gRPC, with a body or without one', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
      if (request.url === '/body') {
        response.write('message');
      }
      response.addTrailers({ 'grpc-status': '5', 'grpc-message': 'none' });
      response.end();
    });
    const proxy = await TestProxy.start(t, { upstream });
    const client = Http2Client.connect(proxy);
    for (const path of ['/body', '/none']) {
      const response = await client.send({ headers: { ':path': path } });
      assert.equal(response.text, path === '/body' ? 'message' : '');
      assert.equal(response.trailers?.['grpc-status'], '5');
      assert.equal(response.trailers?.['grpc-message'], 'none');
    }
  });

  test('keeps several fields of a name, joined where HTTP/2 has one', async (t) => {
    const upstream = await FakeUpstream.start((_request, response) => {
      response.writeHead(200, [
        ...['content-encoding', 'gzip', 'content-encoding', 'br', 'vary', 'a', 'vary', 'b'],
        ...['set-cookie', 'a=1', 'set-cookie', 'b=2'],
      ]);
      response.end();
    });
    const proxy = await TestProxy.start(t, { upstream });
    const { headers } = await Http2Client.connect(proxy).send();
    assert.equal(headers['content-encoding'], 'gzip, br');
    assert.equal(headers.vary, 'a, b');
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
  });

  test('without a body ends with its head', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { 'content-type': 'text/plain' });
      response.end();
    });
    const proxy = await TestProxy.start(t, { upstream });
    const client = await FrameClient.connect(proxy);
    for (const [streamId, method, status] of [
      [1, 'GET', 204],
      [3, 'GET', 304],
      [5, 'HEAD', 200],
    ] as const) {
      const [, ...others] = requestHeaders.filter(([name]) => name !== ':path');
      client.head(streamId, [[':method', method], [':path', `/${status}`], ...others]);
      const head = await client.until(frameType.headers, streamId);
      assert.equal(head.flags & flag.endStream, flag.endStream, method);
      assert.equal(client.received(frameType.data, streamId).length, 0);
    }
  });

  test('of status 205 has no body, whatever its host says', async (t) => {
    const upstream = await RawUpstream.start((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 205 A\r\ncontent-length: 5\r\n\r\nhello'));
    });
    const proxy = await TestProxy.start(t, { upstream });
    const client = Http2Client.connect(proxy);
    for (let i = 0; i < 2; i++) {
      const { status, headers, text, rstCode } = await client.send();
      assert.deepEqual([status, text, rstCode], [205, '', 0]);
      assert.equal(headers['content-length'], undefined);
    }
    assert.equal(await proxy.stat('downstream_rq_tx_reset'), 0);
  });

  test('with a status that HTTP/2 does not have gets 500', async (t) => {
    const upstream = await FakeUpstream.start((_request, response) => {
      response.writeHead(799);
      response.end('odd');
    });
    const proxy = await TestProxy.start(t, { upstream });
    const { status, text } = await Http2Client.connect(proxy).send();
    assert.deepEqual([status, text], [500, 'odd']);
  });

  test('of our own says why', async (t) => {
    const proxy = await TestProxy.start(t, { config: { virtualHosts: [] } });
    const client = Http2Client.connect(proxy);
    const missing = await client.send();
    assert.equal(missing.status, 404);
    assert.equal(missing.headers['server'], 'envoy');
    assert.equal((await client.send({ headers: { ':authority': 'a/b' } })).status, 0);
    assert.equal((await client.send()).status, 404, 'the connection goes on');
  });
});
