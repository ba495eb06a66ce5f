import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Json } from './config-builder.js';
import { RawUpstream } from './fake-upstream.js';
import { HealthCheckFixture, times } from './health-check-fixture.js';

/** An answer by HTTP that passes. */
export const ok: string = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A check of the type tcp; blocks are written as text here. */
export function tcpCheck(
  send: readonly string[],
  receive: readonly string[],
  parts: Json = {},
): Json {
  const blocks = (texts: readonly string[]): Json[] =>
    texts.map((text) => ({ binary: Buffer.from(text).toString('hex') }));
  return { ...times, type: 'tcp', send: blocks(send), receive: blocks(receive), ...parts };
}

/** A check of one host that speaks as a test says, byte by byte. */
export interface RawCheck {
  readonly fixture: HealthCheckFixture;
  readonly upstream: RawUpstream;
  isHealthy(): Promise<boolean>;
}

/** Starts a sidecar with one such host. `onData` hears of all that is read, and on which connection. */
export async function startRaw(
  t: TestContext,
  check: Json,
  onData: (socket: Socket, text: string, connection: number) => void,
  onConnection: (socket: Socket) => void = () => {},
): Promise<RawCheck> {
  const upstream = await RawUpstream.start((socket) => {
    const connection = upstream.connectionCount;
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => onData(socket, chunk.toString('latin1'), connection));
    onConnection(socket);
  });
  t.after(() => upstream.close());
  const fixture = await HealthCheckFixture.start(t, { hosts: [upstream.url], check });
  const host = { address: `127.0.0.1:${upstream.port}` };
  return { fixture, upstream, isHealthy: () => fixture.isHealthy(host) };
}
