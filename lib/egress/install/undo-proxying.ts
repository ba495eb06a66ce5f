import type { ClientRequest, ClientRequestArgs } from 'node:http';

/** A head that is written already, which the declarations leave out. */
interface WrittenRequest {
  _header: string | null;
  /** What waits for a socket. */
  readonly outputData: readonly { data: unknown }[];
}

const proxyHeaders = ['proxy-authorization', 'proxy-connection'] as const;
const proxyHeaderLines = /^proxy-(?:authorization|connection):.*\r\n/gim;

/**
 * Makes a request that `node:http` has prepared for a proxy one for the host itself. It does that
 * before it asks the agent, where the environment names a proxy and `NODE_USE_ENV_PROXY` is set;
 * what it adds may be a password, which is for the proxy alone.
 */
export function undoProxying(request: ClientRequest, options: ClientRequestArgs): void {
  const path = options.path || '/';
  if (request.path === path || !request.hasHeader('proxy-connection')) {
    return;
  }
  request.path = path;
  // A request that waits to be told to go on, or whose headers are an array, is written at once.
  const written = request as unknown as WrittenRequest;
  const head = written._header;
  if (typeof head === 'string') {
    const rewritten = rewriteHead(head, path);
    written._header = rewritten;
    for (const piece of written.outputData) {
      if (typeof piece.data === 'string' && piece.data.startsWith(head)) {
        piece.data = rewritten + piece.data.slice(head.length);
      }
    }
    return;
  }
  for (const name of proxyHeaders) {
    request.removeHeader(name);
  }
}

function rewriteHead(head: string, path: string): string {
  return head
    .replace(/^(\S+) \S+/, (_line, method) => `${method} ${path}`)
    .replace(proxyHeaderLines, '');
}
