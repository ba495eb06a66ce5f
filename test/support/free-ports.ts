import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

/** Below those that the system gives to whoever asks for any port, or connects to somewhere. */
const firstPort = 20_000;
const endPort = 32_000;

/**
 * Finds ports of 127.0.0.1 that nobody uses: for programs that cannot choose by themselves, and for
 * addresses where nobody is to answer. Nothing that runs at the same time gets one by chance.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  // All at once, so that they differ.
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    ports.push(await listenSomewhere(server));
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function listenSomewhere(server: Server): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, endPort);
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return port;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) {
        throw error;
      }
    }
  }
}

/** Whether nobody listens on a port of 127.0.0.1. */
export async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}
