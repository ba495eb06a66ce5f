import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type {
  AdminCluster,
  AdminContext,
  AdminListener,
  AdminRouteTable,
} from '../../lib/admin/admin-context.js';
import { AdminServer } from '../../lib/admin/admin-server.js';
import { LayeredRuntime } from '../../lib/base/runtime/layered-runtime.js';
import type { LoadedCertificate } from '../../lib/base/tls/loaded-certificate.js';
import type { TcpAddress } from '../../lib/config/address.js';
import { ServerState } from '../../lib/http/server-state.js';
import { AccessLog } from '../../lib/telemetry/access-log/access-log.js';
import { AccessLogFile } from '../../lib/telemetry/access-log/access-log-file.js';
import { compileAccessLogFormat } from '../../lib/telemetry/access-log/compile-access-log-format.js';
import { FilesystemStats } from '../../lib/telemetry/stats/filesystem-stats.js';
import { StatsStore } from '../../lib/telemetry/stats/stats-store.js';
import { ManualClock } from './manual-clock.js';

/** What came back from the admin server. */
export interface AdminAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How to ask for a path; default: GET. */
export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An admin server on loopback with everything behind it, open for the length of a test. */
export class AdminFixture implements AdminContext {
  readonly clock: ManualClock = new ManualClock();
  readonly stats: StatsStore = new StatsStore();
  readonly serverState: ServerState = new ServerState(this.clock);
  readonly version = '1.2.3';
  readonly runtime: LayeredRuntime = new LayeredRuntime();
  readonly server: AdminServer;
  /** What `/clusters` and `/listeners` are to show. */
  shownClusters: Iterable<AdminCluster> = [];
  shownListeners: AdminListener[] = [];
  shownRouteTables: AdminRouteTable[] = [];
  shownCertificates: LoadedCertificate[] = [];
  port = 0;

  constructor(accessLog: AccessLog) {
    this.server = new AdminServer({ context: this, accessLog });
  }

  /** Starts a server; without `accessLog` it logs nothing. */
  static async start(t: TestContext, accessLog?: AccessLog): Promise<AdminFixture> {
    const fixture = new AdminFixture(accessLog ?? createNullLog());
    const bound = await fixture.server.start({ host: '127.0.0.1', port: 0 });
    assert.ok(!(bound instanceof Error), String(bound));
    fixture.port = bound.port;
    t.after(() => fixture.server.close());
    return fixture;
  }

  certificates(): Iterable<LoadedCertificate> {
    return this.shownCertificates;
  }

  routeTables(): Iterable<AdminRouteTable> {
    return this.shownRouteTables;
  }

  clusters(): Iterable<AdminCluster> {
    return this.shownClusters;
  }

  listeners(): Iterable<AdminListener> {
    return this.shownListeners;
  }

  get address(): TcpAddress {
    return { kind: 'tcp', host: '127.0.0.1', port: this.port };
  }

  /** Asks for a path. */
  async ask(path: string, { method, headers, body }: AskOptions = {}): Promise<AdminAnswer> {
    const outgoing = request({
      host: '127.0.0.1',
      port: this.port,
      path,
      method: method ?? 'GET',
      headers: { ...headers },
      agent: false,
    });
    outgoing.end(body);
    const [incoming] = await once(outgoing, 'response');
    let text = '';
    for await (const chunk of incoming.setEncoding('utf8')) {
      text += chunk;
    }
    return { status: incoming.statusCode, headers: incoming.headers, body: text };
  }

  /** Opens a bare connection. */
  async connect(t: TestContext): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    t.after(() => socket.destroy());
    // Being cut off is what many tests are about; see `closeOf`.
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }
}

/** Resolves when the socket is closed, in whatever way. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.resume().once('close', () => resolve());
  });
}

function createNullLog(): AccessLog {
  const options = { clock: new ManualClock(), flushIntervalMs: 1000, stats: new FilesystemStats() };
  const file = new AccessLogFile('/dev/null', undefined, options);
  return new AccessLog(file, compileAccessLogFormat(''));
}
