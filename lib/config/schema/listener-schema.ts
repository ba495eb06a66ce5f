import { formerPort } from './former-keys.js';
import { networkFilterUnion } from './network-filter-schemas.js';
import type { ObjectSchema } from './schema.js';
import { listenerTlsSchema } from './tls-schemas.js';
import { isFalse } from './unsupported-feature.js';
import { flag, listOf, object, oneOf, positive, text, union } from './values.js';

/** The values of a listener's `drain_type`. */
export const drainTypes = ['default', 'modify_only'] as const;

/** A listener. */
export const listenerSchema: ObjectSchema = {
  noun: 'a listener',
  typeName: 'Listener',
  description: 'An address that connections are accepted at.',
  reference: '1.2',
  foreign: { port: formerPort(80) },
  keys: {
    name: {
      value: text,
      description: 'Name of the listener: unique, and at most 60 bytes.',
      difference: 'Without a name the listener is known by its address; in Envoy by a random one.',
      test: 'start-up',
    },
    address: {
      value: text,
      isRequired: true,
      example: '"tcp://0.0.0.0:8080"',
      description: 'Where to listen, as tcp://ip:port.',
      difference:
        'Unique among the listeners and different from that of the admin server. `unix://` ' +
        'addresses are refused: they are not supported yet.',
      test: 'start-up',
    },
    filters: {
      value: listOf(union(networkFilterUnion)),
      isRequired: true,
      example: '[{ "name": "http_connection_manager", "config": { ... } }]',
      description: 'The network filters that connections pass, in order.',
      difference:
        'Exactly one `http_connection_manager`. An empty list, which in Envoy closes every ' +
        'connection, is refused.',
      test: 'start-up',
    },
    ssl_context: {
      value: object(listenerTlsSchema),
      description: 'TLS of the connections.',
      difference:
        'TLS 1.2 and 1.3; Envoy of that time 1.0 to 1.2. The files are read again when they change.',
      test: 'listener-tls',
    },
    bind_to_port: {
      value: flag,
      default: true,
      description: 'Whether the listener has a socket of its own.',
      test: 'outbound-routing',
    },
    use_proxy_proto: {
      value: flag,
      default: false,
      description: 'Whether connections begin with a line of the PROXY protocol, version 1.',
      unsupported: {
        reason: 'the PROXY protocol is not read',
        leavesOut: 'the listener',
        without: 'as it would take the PROXY line for a bad request',
        isHarmless: isFalse,
      },
    },
    use_original_dst: {
      value: flag,
      default: false,
      description: 'Whether redirected connections go to the listener of their first destination.',
      unsupported: {
        reason: 'redirected connections are not handed to other listeners',
        without: 'the listener handles every connection itself',
        isHarmless: isFalse,
      },
    },
    transparent: {
      value: flag,
      default: false,
      description: 'Whether the socket is transparent (IP_TRANSPARENT).',
      unsupported: {
        reason: 'transparent sockets are not supported',
        leavesOut: 'the listener',
        without: 'as it would not see the connections meant for it',
        isHarmless: isFalse,
      },
    },
    per_connection_buffer_limit_bytes: {
      value: positive,
      default: 1048576,
      description: 'Soft limit of what is buffered for one connection.',
      test: 'back-pressure',
    },
    drain_type: {
      value: oneOf(...drainTypes),
      default: 'default',
      description: 'When the listener drains its connections.',
      difference:
        'Both are accepted and make no difference, as listeners are neither discovered nor handed over.',
      test: 'configuration-keys',
    },
  },
};
