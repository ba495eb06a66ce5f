import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Json } from './config-builder.js';
import { type ClientRequest, type ClientResponse, responseTo } from './http-client.js';
import { projectRoot } from './project-root.js';

/** Returns the path of a certificate or key; test/fixtures/tls/generate.sh says what there is. */
export function tlsFile(name: string): string {
  return join(projectRoot, 'test', 'fixtures', 'tls', name);
}

/** The `ssl_context` of a listener that shows `server.pem`. */
export function sslContext(more: Json = {}): Json {
  return {
    cert_chain_file: tlsFile('server.pem'),
    private_key_file: tlsFile('server.key'),
    ...more,
  };
}

/** The options of a client that shows a certificate. */
export function credentials(name: string): ConnectionOptions {
  return { cert: readFileSync(tlsFile(`${name}.pem`)), key: readFileSync(tlsFile(`${name}.key`)) };
}

/** What every client has: it knows the authority of the servers. */
function clientOptions(port: number): ConnectionOptions {
  return {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: readFileSync(tlsFile('authority.pem')),
  };
}

/** Opens a connection; rejects if the handshake fails on this side. */
export async function connectTls(
  port: number,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = connect({ ...clientOptions(port), ...options });
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.on('error', () => {});
  return socket;
}

/** Sends a request over TLS, on a connection of its own, and reads the whole response. */
export function sendTls(
  port: number,
  options: ConnectionOptions = {},
  sent: ClientRequest = {},
): Promise<ClientResponse> {
  const outgoing = request({
    ...clientOptions(port),
    ...options,
    method: sent.method ?? 'GET',
    path: sent.path ?? '/',
    headers: { host: 'foo.com', ...sent.headers },
    agent: false,
  });
  outgoing.end(sent.body);
  return responseTo(outgoing);
}

/** Writes bytes on a secure connection, and returns all that comes until it is closed. */
export async function exchangeTls(socket: TLSSocket, text: string): Promise<string> {
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  if (!socket.destroyed) {
    const isClosed = once(socket, 'close');
    socket.write(text, 'latin1');
    await isClosed;
  }
  return received;
}
