import { once } from 'node:events';
import net from 'node:net';

/**
 * Finds a free port of `ip`: the preferred one, or else one that the system chooses. Resolves to
 * `undefined` if this machine does not answer on that address.
 */
export async function findFreePort(ip, preferredPort) {
  for (const port of [preferredPort, 0]) {
    const server = net.createServer();
    try {
      server.listen(port, ip);
      await once(server, 'listening');
      const found = server.address().port;
      server.close();
      await once(server, 'close');
      return found;
    } catch (error) {
      if (error.code === 'EADDRNOTAVAIL') {
        return undefined;
      }
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') {
        throw error;
      }
    }
  }
  throw new Error(`no free port on ${ip}`);
}
