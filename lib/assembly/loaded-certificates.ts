import type { LoadedCertificate } from '../base/tls/loaded-certificate.js';
import type { SharedParts } from './shared-parts.js';

/** The certificates in use now, of listeners and then of clusters. */
export function* loadedCertificates({
  listenerTls,
  clusterManager,
}: Pick<SharedParts, 'listenerTls' | 'clusterManager'>): Generator<LoadedCertificate> {
  yield* listenerTls.certificates();
  for (const { tls } of clusterManager.clusters()) {
    yield* tls?.certificates ?? [];
  }
}
