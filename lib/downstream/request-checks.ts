import type { Http1SettingsConfig } from '../config/http-settings-config.js';
import { isAuthority } from '../http/authority.js';
import type { RequestHead } from '../http/message.js';
import type { RequestInfo } from '../http/request-info.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import { resolveAbsoluteForm } from './request-target.js';

/** Stands for a head until it is there. */
export const emptyHead: RequestHead = { method: '', path: '', authority: '', headers: [] };

/** What is known of a head that was too large to be read. */
export const unreadHead: RequestHead = { method: '-', path: '-', authority: '', headers: [] };

/** Larger request heads are answered with 431: reference 3.4. Counted by `headBytes`. */
export const maxHeadBytes: number = 60 * 1024;

/**
 * Requests with more header fields are answered with 431. Envoy had no such limit in the time of
 * v1; without one, the smallest fields that fit into a head would be 30,000.
 */
export const maxHeaders = 2000;

/**
 * The checks of a request before anything else is done with it: reference 3.4. Returns the status
 * that it is answered with, or `undefined` if it may go on.
 *
 * A target in absolute form is replaced by its path where the settings allow it.
 */
export function refuseRequest(
  head: RequestHead,
  protocol: RequestInfo['protocol'],
  { allowAbsoluteUrl }: Http1SettingsConfig,
  stats: ConnectionManagerStats,
): number | undefined {
  if (protocol === 'HTTP/1.0') {
    return 426;
  }
  if (!isAuthority(head.authority) || (protocol === 'HTTP/2' && !isFitForHttp1(head))) {
    return 400;
  }
  if (head.headers.length > maxHeaders * 2 || headBytes(head) > maxHeadBytes) {
    return 431;
  }
  if (!head.path.startsWith('/')) {
    const isRefused = !allowAbsoluteUrl || protocol === 'HTTP/2' || head.method === 'CONNECT';
    if (isRefused || !head.path.includes('://')) {
      stats.downstreamRqNonRelativePath++;
      return 404;
    }
    if (!resolveAbsoluteForm(head) || !isAuthority(head.authority)) {
      return 400;
    }
  }
  // A fragment is no part of a target; a host that cuts it off would see another path than we did.
  return head.path.includes('#') ? 400 : undefined;
}

const token = /^[\w!#$%&'*+.^`|~-]+$/;
const visible = /^[\x21-\x7e]*$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Whether a head could have come in HTTP/1.1, as which it goes on. The codec of HTTP/2 frames values
 * by their lengths, so that in principle anything can stand in them, such as the end of a line.
 */
function isFitForHttp1({ method, path, headers }: RequestHead): boolean {
  if (!token.test(method) || !visible.test(path)) {
    return false;
  }
  for (let i = 0; i < headers.length; i += 2) {
    if (!token.test(headers[i] as string) || !fieldValue.test(headers[i + 1] as string)) {
      return false;
    }
  }
  return true;
}

/** Whether the connection ends behind the answer: its client does not speak what we do. */
export function closesAfterRefusal(status: number): boolean {
  return status !== 404;
}

/** The length of the three that HTTP/2 writes as headers: `:method`, `:path` and `:authority`. */
const pseudoNameBytes = ':method'.length + ':path'.length + ':authority'.length;

/** Names and values, without what stands between them, as Envoy counts. */
function headBytes({ method, path, authority, headers }: RequestHead): number {
  let bytes = pseudoNameBytes + method.length + path.length + authority.length;
  for (let i = 0; i < headers.length; i++) {
    // The index is below the length.
    bytes += (headers[i] as string).length;
  }
  return bytes;
}
