import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

export const smithy = {
  name: '@smithy/node-http-handler',
  package: '@smithy/node-http-handler',
  door: 'agent',
  usage: 'new NodeHttpHandler({ httpAgent: sidecar.agent, httpsAgent: sidecar.agent })',
  cannot: { redirect: 'It follows no redirects: that is for the client of AWS above it.' },
  async create({ agent }) {
    const { NodeHttpHandler } = await import('@smithy/node-http-handler');
    const { HttpRequest } = await import('@smithy/protocol-http');
    const handler = new NodeHttpHandler({ httpAgent: agent, httpsAgent: agent });
    const send = async (url, options = {}) => {
      const { hostname, pathname, searchParams } = new URL(url);
      const { method = 'GET', body, abortSignal } = options;
      const query = Object.fromEntries(searchParams);
      const headers = { host: hostname };
      const parts = { protocol: 'http:', hostname, path: pathname, query, method, headers, body };
      return (await handler.handle(new HttpRequest(parts), { abortSignal })).response;
    };
    const answer = async ({ statusCode, body }) => ({ status: statusCode, text: await text(body) });
    return {
      get: async (url, { signal } = {}) => answer(await send(url, { abortSignal: signal })),
      post: async (url, body) => answer(await send(url, { method: 'POST', body })),
      download: async (url) => (await send(url)).body,
      upload: async (url, pieces) =>
        answer(await send(url, { method: 'POST', body: Readable.from(pieces) })),
    };
  },
};
