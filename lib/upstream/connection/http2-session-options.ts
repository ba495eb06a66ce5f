import type { SecureClientSessionOptions } from 'node:http2';
import type { Http2SettingsConfig } from '../../config/http-settings-config.js';

/** What a head may take by the count of HTTP/2, and in how many fields: more than of HTTP/1.1. */
const maxHeaderListBytes = 128 * 1024;
const maxHeaderPairs = 2004;

/** What a head that is sent may take, at worst: 60 KiB in 2,000 fields, each with a dozen bytes more. */
const maxSentHeaderBytes = 128 * 1024;

/** What `node:http2` may keep for a connection, in 1,000,000 bytes. What we send has limits of its own. */
const maxSessionMegabytes = 1000;

/** Returns the options of a session of `node:http2` with a host. */
export function createSessionOptions(settings: Http2SettingsConfig): SecureClientSessionOptions {
  return {
    maxDeflateDynamicTableSize: settings.hpackTableSize,
    maxHeaderListPairs: maxHeaderPairs,
    maxSendHeaderBlockLength: maxSentHeaderBytes,
    maxSessionMemory: maxSessionMegabytes,
    settings: {
      enablePush: false,
      headerTableSize: settings.hpackTableSize,
      initialWindowSize: settings.initialStreamWindowSize,
      maxHeaderListSize: maxHeaderListBytes,
    },
  };
}
