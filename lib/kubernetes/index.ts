export type { Logger } from '../base/log.js';
export type {
  Registration,
  RegistrationSource,
  RegistrationSubscriber,
  RegistrationSubscription,
  RegistrationTags,
} from '../upstream/discovery/registration-source.js';
export type { KubeConfigAccess } from './kube-config.js';
export type { KubernetesRegistrationsOptions } from './kubernetes-registrations.js';
export { kubernetesRegistrations } from './kubernetes-registrations.js';
