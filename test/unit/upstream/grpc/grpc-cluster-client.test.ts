import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Address } from '../../../../lib/config/address.js';
import type { Cluster } from '../../../../lib/upstream/cluster.js';
import type { GrpcChannel } from '../../../../lib/upstream/grpc/grpc-channel.js';
import { GrpcClusterClient } from '../../../../lib/upstream/grpc/grpc-cluster-client.js';
import { Host } from '../../../../lib/upstream/host.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';

function tcp(port: number): Address {
  return { kind: 'tcp', host: '10.0.0.1', port };
}

/** A client of a cluster whose channels only remember what is done with them. */
class Fixture {
  readonly cluster: Cluster = new ClusterFixture().cluster;
  /** What happened to channels, in turn. */
  readonly log: string[] = [];
  readonly client: GrpcClusterClient;

  constructor() {
    const open = (address: Address): GrpcChannel => this.#open(address);
    this.client = new GrpcClusterClient(
      () => this.cluster,
      open,
      (address) => address,
    );
  }

  hostAt(port: number): Host {
    return new Host(this.cluster.hostContext, tcp(port));
  }

  call(): void {
    this.client.call('/a/b', Buffer.alloc(0), (reply) => {
      assert.equal(reply, undefined);
      this.log.push('no host');
    });
  }

  #open(address: Address): GrpcChannel {
    const name = address.kind === 'tcp' ? address.port : address.path;
    this.log.push(`open ${name}`);
    return {
      call: () => {
        this.log.push(`call ${name}`);
        return () => {};
      },
      close: () => this.log.push(`close ${name}`),
    };
  }
}

describe('the channels of a cluster', () => {
  test('are opened with the first call to a host, and kept', () => {
    const fixture = new Fixture();
    fixture.cluster.updateHosts([fixture.hostAt(1)]);
    fixture.call();
    fixture.call();
    assert.deepEqual(fixture.log, ['open 1', 'call 1', 'call 1']);
  });

  test('are closed when their host is no member any more', () => {
    const fixture = new Fixture();
    fixture.cluster.updateHosts([fixture.hostAt(1)]);
    fixture.call();
    fixture.cluster.updateHosts([fixture.hostAt(2)]);
    fixture.call();
    assert.deepEqual(fixture.log, ['open 1', 'call 1', 'close 1', 'open 2', 'call 2']);
  });

  test('are closed when others are asked: not only when a new one is needed', () => {
    const fixture = new Fixture();
    const [one, two] = [fixture.hostAt(1), fixture.hostAt(2)];
    fixture.cluster.updateHosts([one, two]);
    fixture.call();
    fixture.call();
    fixture.cluster.updateHosts([two]);
    fixture.call();
    assert.deepEqual(fixture.log.slice(-2), ['close 1', 'call 2']);
  });

  test('follow a host whose address changes', () => {
    const fixture = new Fixture();
    const host = fixture.hostAt(1);
    fixture.cluster.updateHosts([host]);
    fixture.call();
    host.moveTo(tcp(2));
    fixture.call();
    assert.deepEqual(fixture.log, ['open 1', 'call 1', 'close 1', 'open 2', 'call 2']);
  });

  test('are closed with the client, which then has no host', () => {
    const fixture = new Fixture();
    fixture.cluster.updateHosts([fixture.hostAt(1)]);
    fixture.call();
    fixture.client.close();
    fixture.client.close();
    fixture.call();
    assert.deepEqual(fixture.log, ['open 1', 'call 1', 'close 1', 'no host']);
  });
});

test('without a host there is no reply', () => {
  const fixture = new Fixture();
  fixture.call();
  assert.deepEqual(fixture.log, ['no host']);
});
