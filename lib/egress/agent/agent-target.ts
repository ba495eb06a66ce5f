import { resolveAbsoluteForm } from '../../downstream/request-target.js';
import type { RequestHead } from '../../http/message.js';
import type { Target } from '../request-options.js';

/**
 * Returns where a request goes that is written to a connection to `origin`: there, whatever host it
 * names itself; that one is sent, as its header `host`. It may name it by a whole URL in the place of
 * a path, which is what clients say to a proxy.
 */
export function agentTarget(origin: Target, head: RequestHead): Target {
  resolveAbsoluteForm(head);
  const { path, authority, headers } = head;
  if (authority !== '' && authority.toLowerCase() !== origin.authority) {
    headers.push('host', authority);
  }
  const { url, protocol, authority: host } = origin;
  return { url, protocol, authority: host, path };
}
