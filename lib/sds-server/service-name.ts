/** A Kubernetes service and the namespace it is in. */
export interface ServiceName {
  readonly service: string;
  readonly namespace: string;
  /** The name of one of its ports; absent for the first. */
  readonly port?: string;
}

/** What kubernetes-envoy-sds calls the cluster domain unless it is told otherwise. */
export const defaultClusterDomain = 'svc.cluster.local';

/**
 * Reads `<service>.<namespace>.<cluster domain>`; `undefined` if the name is not of that form.
 *
 * kubernetes-envoy-sds counts `svc` to the cluster domain, Kubernetes itself does not: a domain
 * that is given as `cluster.local` also takes `<service>.<namespace>.svc.cluster.local`.
 *
 * `_<port>._tcp.` in front names a port of the service, as in the DNS of Kubernetes; that is an
 * extension.
 */
export function parseServiceName(name: string, clusterDomain: string): ServiceName | undefined {
  const suffix = `.${clusterDomain}`;
  if (!name.endsWith(suffix)) {
    return undefined;
  }
  const labels = name.slice(0, -suffix.length).split('.');
  const port = labels[1] === '_tcp' ? readPortLabel(labels[0]) : undefined;
  if (port !== undefined) {
    labels.splice(0, 2);
  }
  if (labels.length === 3 && labels[2] === 'svc') {
    labels.pop();
  }
  const [service, namespace] = labels;
  if (labels.length !== 2 || !service || !namespace) {
    return undefined;
  }
  return port === undefined ? { service, namespace } : { service, namespace, port };
}

/** Returns the name in a label such as `_http`; `undefined` if it is none. */
function readPortLabel(label: string | undefined): string | undefined {
  return label !== undefined && /^_[^_]/.test(label) ? label.slice(1) : undefined;
}
