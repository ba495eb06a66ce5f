import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { TestProxy } from '../support/proxy.js';

const pass = (bytes: Buffer): Buffer => bytes;
const shared = {
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
};
const service = {
  echo: { path: '/test.Echo/Echo', requestStream: false, responseStream: false, ...shared },
  fail: { path: '/test.Echo/Fail', requestStream: false, responseStream: false, ...shared },
  chat: { path: '/test.Echo/Chat', requestStream: true, responseStream: true, ...shared },
};

type Unary = grpc.handleUnaryCall<Buffer, Buffer>;
type Bidi = grpc.handleBidiStreamingCall<Buffer, Buffer>;

/** A gRPC server, the proxy in front of it, and a client of that. */
async function start(t: TestContext): Promise<{ client: grpc.Client; proxy: TestProxy }> {
  const server = new grpc.Server();
  const echo: Unary = (call, callback) => {
    const trailers = new grpc.Metadata();
    trailers.set('x-trailer', String(call.metadata.get('x-header')[0]));
    callback(null, call.request, trailers);
  };
  const fail: Unary = (_call, callback) => {
    callback({ code: grpc.status.NOT_FOUND, details: 'there is none' });
  };
  const chat: Bidi = (call) => {
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  };
  server.addService(service, { echo, fail, chat });
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const upstream = {
    url: `tcp://127.0.0.1:${port}`,
    close: async (): Promise<void> => server.forceShutdown(),
  };
  const proxy = await TestProxy.start(t, { upstream, cluster: { features: 'http2' } });
  const client = new grpc.Client(`127.0.0.1:${proxy.port}`, grpc.credentials.createInsecure());
  proxy.closesWith({ destroy: () => client.close() });
  return { client, proxy };
}

test('a call of gRPC goes through, with metadata and trailers', async (t) => {
  const { client, proxy } = await start(t);
  const metadata = new grpc.Metadata();
  metadata.set('x-header', 'seven');
  let trailer: unknown;
  const reply = await new Promise<Buffer | undefined>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      service.echo.path,
      pass,
      pass,
      Buffer.from('hello'),
      metadata,
      (error, value) => (error === null ? resolve(value) : reject(error)),
    );
    call.on('status', (status) => {
      trailer = status.metadata.get('x-trailer')[0];
    });
  });
  assert.equal(String(reply), 'hello');
  assert.equal(trailer, 'seven');
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_http2_total'), 1);
});

test('a call that fails says so with its status', async (t) => {
  const { client } = await start(t);
  const error = await new Promise<grpc.ServiceError | null>((resolve) => {
    client.makeUnaryRequest(service.fail.path, pass, pass, Buffer.from('x'), (failure) =>
      resolve(failure),
    );
  });
  assert.equal(error?.code, grpc.status.NOT_FOUND);
  assert.equal(error?.details, 'there is none');
});

test('messages of a stream pass as they come, both ways', async (t) => {
  const { client } = await start(t);
  const call = client.makeBidiStreamRequest(service.chat.path, pass, pass);
  for (const text of ['one', 'two', 'three']) {
    const echoed = new Promise((resolve) => call.once('data', resolve));
    call.write(Buffer.from(text));
    assert.equal(String(await echoed), text);
  }
  const status = new Promise<grpc.StatusObject>((resolve) => call.on('status', resolve));
  call.on('data', () => {});
  call.end();
  assert.equal((await status).code, grpc.status.OK);
});
