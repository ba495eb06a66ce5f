import type { JsonReader } from './json-reader.js';

/** `http1_settings`: reference 2.1. */
export interface Http1SettingsConfig {
  readonly allowAbsoluteUrl: boolean;
}

/** `http2_settings`: reference 2.1.3. */
export interface Http2SettingsConfig {
  readonly hpackTableSize: number;
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindowSize: number;
  readonly initialConnectionWindowSize: number;
}

/** Parses `http1_settings`, which may be absent. */
export function parseHttp1Settings(reader: JsonReader | undefined): Http1SettingsConfig {
  return { allowAbsoluteUrl: reader?.boolean('allow_absolute_url') ?? false };
}

/** Parses `http2_settings`, which may be absent. */
export function parseHttp2Settings(reader: JsonReader | undefined): Http2SettingsConfig {
  return {
    hpackTableSize: reader?.number('hpack_table_size') ?? 4096,
    maxConcurrentStreams: reader?.number('max_concurrent_streams') ?? 1024,
    initialStreamWindowSize: reader?.number('initial_stream_window_size') ?? 16 * 1024 * 1024,
    initialConnectionWindowSize:
      reader?.number('initial_connection_window_size') ?? 24 * 1024 * 1024,
  };
}
