import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below those that the system gives to whoever asks for any port, or connects to somewhere. */
const firstPort = 20_000;
const endPort = 32_000;

/** Has a folder for each port that a process of the tests has been given. */
const claims = join(tmpdir(), 'pillion-test-ports');
/** Older claims are those of processes that were killed. */
const maxClaimAgeMs = 600_000;
/** The folders of this process. */
const claimed: string[] = [];

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
    if (!claim(port)) {
      continue;
    }
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

/** Takes a port for this process, which is to bind it later. Returns whether nobody else has. */
function claim(port: number): boolean {
  const path = join(claims, String(port));
  mkdirSync(claims, { recursive: true });
  try {
    mkdirSync(path);
  } catch {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > maxClaimAgeMs) {
      rmSync(path, { recursive: true, force: true });
    }
    return false;
  }
  if (claimed.length === 0) {
    process.once('exit', () => {
      for (const own of claimed) {
        rmSync(own, { recursive: true, force: true });
      }
    });
  }
  claimed.push(path);
  return true;
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
