import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRateLimitService } from '../../../lib/assembly/load-rate-limit-service.js';
import type { SharedParts } from '../../../lib/assembly/shared-parts.js';
import type { Config } from '../../../lib/config/config.js';
import type { ClusterTlsConfig } from '../../../lib/config/tls-config.js';
import { clusterConfig } from '../../support/cluster-fixture.js';

test('a service that is to be spoken to by TLS is refused, not asked in the clear', async () => {
  // What stands in it has no part in this.
  const tls = {} as ClusterTlsConfig;
  const clusters = [clusterConfig({ name: 'ratelimit', tls })];
  // Nothing else is read.
  const config = {
    rateLimitCluster: 'ratelimit',
    clusterManager: { clusters },
  } as object as Config;
  await assert.rejects(loadRateLimitService(config, {} as SharedParts), {
    code: 'SIDECAR_CONFIG_INVALID',
    problems: [
      {
        path: 'rate_limit_service.config.cluster_name',
        message: 'the cluster "ratelimit" has an ssl_context, but gRPC is sent without TLS',
      },
    ],
  });
});
