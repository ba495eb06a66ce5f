import type { Random } from '../../base/random.js';
import { defaultRuntime, isInShare, type Runtime } from '../../base/runtime.js';
import type { Address } from '../../config/address.js';
import type { ClusterConfig } from '../../config/cluster-config.js';
import type { Http2PoolContext } from '../connection/connection-pool.js';
import type { Connector } from '../connection/connector.js';
import type { ClusterTls } from './cluster-tls.js';
import { TlsConnector } from './tls-connector.js';

/** How the hosts of a cluster are connected to. */
export interface ClusterConnectors {
  /** For HTTP/1.1, tunnels and all that is no HTTP. */
  readonly connector: Connector;
  /** `undefined` if they are not spoken to by HTTP/2. */
  readonly http2: Http2PoolContext | undefined;
}

/** What the connectors of a cluster are made with. */
export interface ConnectorContext {
  readonly random: Random;
  readonly runtime?: Runtime;
  /** Connects in plain text; `resolve` says where an address is really reached. */
  readonly connector: Connector & { resolve?(target: Address): Address };
}

/** The share of requests, in percent, that take HTTP/2 where it is configured: reference 10.3. */
const useHttp2Key = 'upstream.use_http2';

/** Creates the connectors of a cluster. `tls`: `undefined` for plain text. */
export function createConnectors(
  config: ClusterConfig,
  tls: ClusterTls | undefined,
  context: ConnectorContext,
): ClusterConnectors {
  const { connector: plain, random, runtime = defaultRuntime } = context;
  const resolve = (target: Address): Address => plain.resolve?.(target) ?? target;
  const connector = tls === undefined ? plain : new TlsConnector(tls, resolve, 'h2');
  if (config.http2 === undefined) {
    return { connector, http2: undefined };
  }
  const isChosen = (): boolean => {
    const percent = runtime.integer(useHttp2Key, 100);
    return percent >= 100 || (percent > 0 && isInShare(random.uint32(), percent));
  };
  return {
    connector,
    http2: {
      settings: config.http2,
      connector: tls === undefined ? plain : new TlsConnector(tls, resolve, 'http/1.1'),
      scheme: tls === undefined ? 'http' : 'https',
      isChosen,
    },
  };
}
