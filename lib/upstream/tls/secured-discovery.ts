import type { Discovery } from '../discovery/discovery.js';
import type { ClusterTls } from './cluster-tls.js';

/** Has the TLS files of a cluster read before its hosts are looked for, and watched as long. */
export class SecuredDiscovery implements Discovery {
  readonly #tls: ClusterTls;
  readonly #discovery: Discovery;

  constructor(tls: ClusterTls, discovery: Discovery) {
    this.#tls = tls;
    this.#discovery = discovery;
  }

  start(onInitialized: () => void): void {
    this.#tls.start(() => this.#discovery.start(onInitialized));
  }

  close(): void {
    this.#tls.close();
    this.#discovery.close();
  }
}
