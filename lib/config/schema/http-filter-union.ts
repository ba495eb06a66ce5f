import { networkFilterNames } from './filter-names.js';
import {
  bufferSchema,
  corsFilterSchema,
  dynamoSchema,
  faultSchema,
  grpcBridgeSchema,
  grpcWebSchema,
  healthCheckFilterSchema,
  luaSchema,
  rateLimitFilterSchema,
  routerSchema,
  squashSchema,
  transcoderSchema,
} from './http-filter-schemas.js';
import { ipTaggingSchema } from './ip-tagging-schema.js';
import type { ObjectSchema, UnionSchema } from './schema.js';
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

/** An entry for a filter that the application brings itself. */
export const ownFilterSchema: ObjectSchema = {
  noun: 'a filter of an http_connection_manager',
  typeName: 'OwnFilter',
  description: 'A filter of the application.',
  reference: '2.1.1',
  isOpen: true,
  keys: {
    name: { value: text, isRequired: true, description: 'Which filter it is.' },
    config: { value: { type: 'map' }, description: 'What the filter is made with.' },
    type: { value: text, description: 'Obsolete, and without effect.' },
  },
};

/** A filter of an `http_connection_manager`. */
export const httpFilterUnion: UnionSchema = {
  tag: 'name',
  noun: 'an HTTP filter',
  describeUnknown: (name) =>
    networkFilterNames.some((known) => known === name)
      ? `"${name}" is a network filter; move it to the "filters" of a listener`
      : undefined,
  own: {
    object: ownFilterSchema,
    how: 'or bring it yourself, by the option httpFilters (--http-filters)',
  },
  variants: {
    router: { object: entrySchema('router', routerSchema), test: 'start-up' },
    buffer: { object: entrySchema('buffer', bufferSchema), test: 'buffer-filter' },
    cors: { object: entrySchema('cors', corsFilterSchema), test: 'cors' },
    fault: { object: entrySchema('fault', faultSchema), test: 'fault' },
    health_check: {
      object: entrySchema('health_check', healthCheckFilterSchema),
      test: 'health-check-filter',
    },
    rate_limit: { object: entrySchema('rate_limit', rateLimitFilterSchema), test: 'rate-limit' },
    ip_tagging: { object: entrySchema('ip_tagging', ipTaggingSchema), test: 'ip-tagging' },
    lua: {
      object: entrySchema('lua', luaSchema),
      difference:
        'Scripts run on Lua 5.4, by the optional package wasmoon, with limits on instructions and memory. ' +
        'See [lua.md](lua.md).',
      test: 'lua',
    },
    grpc_http1_bridge: {
      object: entrySchema('grpc_http1_bridge', grpcBridgeSchema),
      difference: 'Calls are counted for the first 500 methods of a cluster.',
      test: 'grpc-http1-bridge',
    },
    grpc_json_transcoder: {
      object: entrySchema('grpc_json_transcoder', transcoderSchema),
      difference:
        'JSON is read strictly. A response that cannot be read is answered with 502, and numbers that ' +
        'would have to be rounded are refused. See [grpc.md](grpc.md).',
      test: 'grpc-json-transcoder',
    },
    grpc_web: {
      object: entrySchema('grpc_web', grpcWebSchema),
      difference:
        'A response that is not of gRPC, such as an error page, keeps its content type and its body. ' +
        'Base64 is sent as it comes, without waiting for the whole of a message. Calls are counted for ' +
        'the first 500 methods of a cluster.',
      test: 'grpc-web',
    },
    http_dynamo_filter: {
      object: entrySchema('http_dynamo_filter', dynamoSchema),
      difference:
        'Bodies are passed on at once, and those beyond the buffer limit are not looked at. The number ' +
        'of names that are counted is bounded.',
      test: 'dynamo',
    },
    squash: { object: entrySchema('squash', squashSchema), test: 'squash' },
  },
};
