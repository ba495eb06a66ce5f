import type { TestContext } from 'node:test';
import type { Json } from './config-builder.js';
import { frame, type GrpcAnswer, GrpcUpstream } from './grpc-fixture.js';
import type { ClientRequest } from './http-client.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { bookstorePath, shelfMessage } from './transcoder-fixture.js';

/** A connection manager that transcodes the calls of the bookstore. */
export function transcoding(settings: Json = {}): Json {
  const config = {
    proto_descriptor: bookstorePath,
    services: ['bookstore.Bookstore'],
    ...settings,
  };
  return {
    filters: [
      { name: 'grpc_json_transcoder', config },
      { name: 'router', config: {} },
    ],
  };
}

/** A message of `bookstore.Shelf` as gRPC has it in a body. */
export const poetry: Buffer = frame(shelfMessage(5, 'Poetry'));
/** A request that creates a shelf. */
export const createShelf: ClientRequest = {
  method: 'POST',
  path: '/shelves',
  headers: { 'content-type': 'application/json' },
  body: '{"theme":"Poetry"}',
};

/** A proxy whose host answers every call like this. */
export async function startTranscoding(
  t: TestContext,
  answer: GrpcAnswer = { pieces: [poetry] },
  parts: ProxyParts = {},
): Promise<{ proxy: TestProxy; upstream: GrpcUpstream }> {
  const upstream = await GrpcUpstream.start(() => answer);
  const manager = transcoding();
  return {
    proxy: await TestProxy.start(t, { upstream: upstream.host, manager, ...parts }),
    upstream,
  };
}
