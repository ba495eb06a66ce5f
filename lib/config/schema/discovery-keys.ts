import type { KeySchema } from './schema.js';
import { oneOf, positive } from './values.js';

/** The values of `api_type`, which the schema has and Envoy's v1 documents do not. */
export const apiTypes = ['REST_LEGACY', 'REST', 'GRPC'] as const;

/** `api_type` of a discovery service. */
export const apiTypeKey: KeySchema = {
  value: oneOf(...apiTypes),
  default: 'REST_LEGACY',
  description: 'The protocol of the discovery service; REST_LEGACY is that of v1.',
};

/** `refresh_delay_ms` of a discovery service that has a default. */
export const refreshDelayKey: KeySchema = {
  value: positive,
  default: 30000,
  description: 'Time between two questions, at least; as much again is added at random.',
};
