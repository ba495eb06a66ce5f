import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterTlsConfig } from '../../../../lib/config/tls-config.js';
import { SocketConnector } from '../../../../lib/upstream/connection/connector.js';
import { RateLimitService } from '../../../../lib/upstream/rate-limit/rate-limit-service.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';

test('a service that is to be spoken to by TLS is refused, not asked in the clear', async () => {
  // What stands in it has no part in this.
  const tls = {} as ClusterTlsConfig;
  const { cluster } = new ClusterFixture({ name: 'ratelimit', tls });
  await assert.rejects(RateLimitService.load(cluster, new SocketConnector(new Map())), {
    code: 'SIDECAR_CONFIG_INVALID',
    problems: [
      {
        path: 'rate_limit_service.config.cluster_name',
        message: 'the cluster "ratelimit" has an ssl_context, but gRPC is sent without TLS',
      },
    ],
  });
});
