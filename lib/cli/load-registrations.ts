import type { Logger } from '../base/log.js';
import type { RegistrationSource } from '../upstream/discovery/registration-source.js';
import type { Flag } from './flags.js';

/** The flag that names who tells the hosts of clusters of type `sds`. */
export const registrationsFlag: Flag = {
  name: 'registrations',
  value: 'kubernetes',
  help: 'Where clusters of type sds get their hosts: from a watch of Kubernetes, in the place of the discovery service of the configuration, which need not be there then. Needs the package @kubernetes/client-node. Default: from the discovery service.',
};

/** Returns the source that a command line names, as an option of `createSidecar`. */
export async function loadRegistrations(
  name: 'kubernetes' | undefined,
  logger: Logger,
): Promise<{ readonly registrations?: RegistrationSource }> {
  if (name === undefined) {
    return {};
  }
  const { kubernetesRegistrations } = await import('../kubernetes/kubernetes-registrations.js');
  return { registrations: kubernetesRegistrations({ logger }) };
}
