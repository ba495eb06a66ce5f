/** A Kubernetes service and the namespace it is in. */
export interface ServiceName {
  readonly service: string;
  readonly namespace: string;
}

/** What kubernetes-envoy-sds calls the cluster domain unless it is told otherwise. */
export const defaultClusterDomain = 'svc.cluster.local';

/**
 * Reads `<service>.<namespace>.<cluster domain>`; `undefined` if the name is not of that form.
 *
 * kubernetes-envoy-sds counts `svc` to the cluster domain, Kubernetes itself does not: a domain
 * that is given as `cluster.local` also takes `<service>.<namespace>.svc.cluster.local`.
 */
export function parseServiceName(name: string, clusterDomain: string): ServiceName | undefined {
  const suffix = `.${clusterDomain}`;
  if (!name.endsWith(suffix)) {
    return undefined;
  }
  const labels = name.slice(0, -suffix.length).split('.');
  if (labels.length === 3 && labels[2] === 'svc') {
    labels.pop();
  }
  const [service, namespace] = labels;
  if (labels.length !== 2 || !service || !namespace) {
    return undefined;
  }
  return { service, namespace };
}
