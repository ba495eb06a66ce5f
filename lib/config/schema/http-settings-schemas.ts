import type { ObjectSchema } from './schema.js';
import { flag, integer } from './values.js';

/** `http1_settings`. */
export const http1SettingsSchema: ObjectSchema = {
  noun: 'the http1_settings',
  typeName: 'Http1Settings',
  description: 'Settings of HTTP/1.1 connections.',
  reference: '2.1',
  isOpen: true,
  keys: {
    allow_absolute_url: {
      value: flag,
      default: false,
      description: 'Whether request targets with scheme and host are accepted.',
      difference:
        'Schemes other than `http` and `https` are refused, and so are user names and fragments.',
      test: 'absolute-form',
    },
    allow_connect: {
      value: flag,
      default: false,
      description: 'Known to the schema, and without effect: CONNECT is answered with 404.',
      test: 'absolute-form',
    },
  },
};

/** One client could fill the memory of a process under the defaults of the time of v1. */
function defaultOfToday(before: string): string {
  return `The default is that of Envoy 1.36; before, it was ${before}.`;
}

/** `http2_settings`. */
export const http2SettingsSchema: ObjectSchema = {
  noun: 'the http2_settings',
  typeName: 'Http2Settings',
  description: 'Settings of HTTP/2 connections.',
  reference: '2.1.3',
  isOpen: true,
  keys: {
    hpack_table_size: {
      value: integer(0, 4294967295),
      default: 4096,
      description: 'Size of the dynamic header table in bytes; 0 turns dynamic compression off.',
      test: 'http2-settings',
    },
    max_concurrent_streams: {
      value: integer(1, 2147483647),
      default: 1024,
      description: 'Streams that may be open at a time on a connection.',
      difference: defaultOfToday('2147483647'),
      test: 'http2-settings',
    },
    initial_stream_window_size: {
      value: integer(65535, 2147483647),
      default: 16777216,
      description: 'Flow-control window of a stream in bytes; also its soft buffer limit.',
      difference: defaultOfToday('268435456'),
      test: 'http2-settings',
    },
    initial_connection_window_size: {
      value: integer(65535, 2147483647),
      default: 25165824,
      description: 'Flow-control window of a connection in bytes.',
      difference: defaultOfToday('268435456'),
      test: 'http2-settings',
    },
  },
};
