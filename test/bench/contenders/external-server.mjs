/** Runs a server that is not ours, such as nginx, as one process with a configuration of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { listen, serveProxy } from '../child.mjs';

/** What /proc counts in: Linux shows user space a hundred ticks a second on every architecture. */
const microsPerTick = 10_000;

/**
 * Starts the server and reports it ready once it accepts connections. Server and folder are gone
 * when this process ends.
 *
 * @param createConfig writes the configuration, given the port to listen on and the folder
 * @param createArguments writes the command line, given the configuration file and the folder
 */
export async function runExternalServer(command, createConfig, createArguments) {
  const port = await findFreePort();
  const folder = mkdtempSync(join(tmpdir(), 'pillion-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'server.conf');
  writeFileSync(file, createConfig(port, folder));

  const server = spawn(command, createArguments(file, folder), { stdio: ['ignore', 2, 2] });
  process.on('exit', () => server.kill('SIGKILL'));
  server.on('error', endWithFailure);
  server.on('exit', endWithFailure);
  await untilAccepting(port);
  serveProxy(port, () => cpuMicrosOf(server.pid));
}

function endWithFailure() {
  process.exitCode = 1;
  process.exit();
}

async function findFreePort() {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function untilAccepting(port) {
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const accepted = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (accepted) return;
    await wait(50);
  }
  throw new Error(`nothing accepts connections on port ${port}`);
}

/** User and system time of a process, fields 14 and 15; the name in field 2 may hold spaces. */
function cpuMicrosOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
}
