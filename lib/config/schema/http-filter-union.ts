import { networkFilterNames } from './filter-names.js';
import {
  bufferSchema,
  corsFilterSchema,
  dynamoSchema,
  faultSchema,
  grpcBridgeSchema,
  grpcWebSchema,
  healthCheckFilterSchema,
  ipTaggingSchema,
  luaSchema,
  rateLimitFilterSchema,
  routerSchema,
  squashSchema,
  transcoderSchema,
} from './http-filter-schemas.js';
import type { ObjectSchema, UnionSchema, UnionVariant } from './schema.js';
import { object, oneOf, text } from './values.js';

function entrySchema(name: string, config: ObjectSchema): ObjectSchema {
  const isEmptyAccepted = config === routerSchema || Object.keys(config.keys).length === 0;
  return {
    noun: 'a filter of an http_connection_manager',
    typeName: `${config.typeName}Filter`,
    description: `The HTTP filter ${name}.`,
    reference: '2.1.1',
    isOpen: true,
    keys: {
      name: {
        value: oneOf(name),
        isRequired: true,
        description: 'Which filter it is.',
        test: 'start-up',
      },
      config: {
        value: object(config),
        isRequired: true,
        ...(isEmptyAccepted ? { example: '{}' } : {}),
        description: 'Settings of the filter; `{}` if there is nothing to set.',
        test: 'start-up',
      },
      type: { value: text, description: 'Obsolete, and without effect.', test: 'start-up' },
    },
  };
}

function notBuilt(name: string, config: ObjectSchema, without: string): UnionVariant {
  return {
    object: entrySchema(name, config),
    unsupported: { reason: 'of the HTTP filters only the router is built', without },
  };
}

/** A filter of an `http_connection_manager`. */
export const httpFilterUnion: UnionSchema = {
  tag: 'name',
  noun: 'an HTTP filter',
  describeUnknown: (name) =>
    networkFilterNames.some((known) => known === name)
      ? `"${name}" is a network filter; move it to the "filters" of a listener`
      : undefined,
  variants: {
    router: { object: entrySchema('router', routerSchema), test: 'start-up' },
    buffer: notBuilt('buffer', bufferSchema, 'requests are passed on as they arrive'),
    cors: notBuilt('cors', corsFilterSchema, 'responses get no access-control headers'),
    fault: notBuilt('fault', faultSchema, 'no faults are injected'),
    health_check: notBuilt(
      'health_check',
      healthCheckFilterSchema,
      'health checks are routed like any request',
    ),
    rate_limit: notBuilt('rate_limit', rateLimitFilterSchema, 'no request is limited'),
    ip_tagging: notBuilt('ip_tagging', ipTaggingSchema, 'no request is tagged'),
    lua: notBuilt('lua', luaSchema, 'the script does not run'),
    grpc_http1_bridge: notBuilt(
      'grpc_http1_bridge',
      grpcBridgeSchema,
      'gRPC calls are not bridged',
    ),
    grpc_json_transcoder: notBuilt(
      'grpc_json_transcoder',
      transcoderSchema,
      'JSON is passed on as it is',
    ),
    grpc_web: notBuilt('grpc_web', grpcWebSchema, 'gRPC-Web calls are not bridged'),
    http_dynamo_filter: notBuilt(
      'http_dynamo_filter',
      dynamoSchema,
      'there are no DynamoDB statistics',
    ),
    squash: notBuilt('squash', squashSchema, 'no debugger is attached'),
  },
};
