import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { TcpAddress } from '../../lib/config/address.js';
import type { DnsLookupFamily } from '../../lib/config/cluster-config.js';
import type { DnsResult } from '../../lib/upstream/discovery/dns-resolver.js';
import { DnsClient } from '../../lib/upstream/dns/dns-client.js';
import { DnsServer } from './dns-server.js';
import { ManualClock } from './manual-clock.js';

/** What a test asks; by default for the IPv4 addresses of a name, at all servers. */
export interface QuestionParts {
  readonly family?: DnsLookupFamily;
  readonly resolvers?: readonly TcpAddress[];
}

/** A DNS client whose time stands still, with its files and servers. */
export class DnsFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly client: DnsClient;
  readonly servers: readonly DnsServer[];
  readonly #folder: string;

  private constructor(servers: readonly DnsServer[], folder: string) {
    this.servers = servers;
    this.#folder = folder;
    this.client = new DnsClient({
      clock: this.clock,
      resolvConfPath: join(folder, 'resolv.conf'),
      hostsPath: join(folder, 'hosts'),
    });
  }

  /** Starts a client and servers that are gone with the test, which must leave nothing running. */
  static async start(t: TestContext, serverCount = 1): Promise<DnsFixture> {
    const servers: DnsServer[] = [];
    for (let i = 0; i < serverCount; i++) {
      servers.push(await DnsServer.start());
    }
    const folder = mkdtempSync(join(tmpdir(), 'pillion-test-'));
    const fixture = new DnsFixture(servers, folder);
    fixture.writeResolvConf();
    t.after(async () => {
      await Promise.all(servers.map((server) => server.close()));
      rmSync(folder, { recursive: true });
      assert.equal(fixture.clock.timerCount, 0, 'timers are left');
      assert.equal(fixture.client.activeCount, 0, 'look-ups are left');
      assert.equal(fixture.client.stats.queryActive, 0, 'questions are left');
    });
    return fixture;
  }

  /** The only server, or the first. */
  get server(): DnsServer {
    const [first] = this.servers;
    assert.ok(first !== undefined);
    return first;
  }

  /** Writes a `resolv.conf` that names the servers, and what else is given. */
  writeResolvConf(lines = ''): void {
    const servers = this.servers.map(({ hostPort }) => `nameserver ${hostPort}\n`);
    writeFileSync(join(this.#folder, 'resolv.conf'), `${servers.join('')}${lines}\n`);
  }

  writeHosts(text: string): void {
    writeFileSync(join(this.#folder, 'hosts'), text);
  }

  removeResolvConf(): void {
    rmSync(join(this.#folder, 'resolv.conf'));
  }

  /** Looks a name up. */
  find(
    name: string,
    { family = 'v4_only', resolvers = [] }: QuestionParts = {},
  ): Promise<DnsResult> {
    return new Promise((resolve) => {
      this.client.resolve({ name, family, resolvers }, resolve);
    });
  }

  /** Looks a name up; returns its addresses, or why there are none. */
  async addresses(name: string, parts?: QuestionParts): Promise<readonly string[] | string> {
    const result = await this.find(name, parts);
    return result.kind === 'answer' ? result.hosts.map(({ address }) => address) : result.reason;
  }
}
