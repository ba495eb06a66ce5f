import { fetchClient } from '../support/fetch-client.mjs';

const sidecarFetch = {
  name: '`sidecar.fetch`',
  door: 'sidecar',
  usage: 'sidecar.fetch(url)',
  async create({ fetch }) {
    return fetchClient(fetch);
  },
};

const sidecarRequest = {
  name: '`sidecar.request`',
  door: 'sidecar',
  usage: 'sidecar.request(url)',
  cannot: { redirect: 'It follows no redirects; `sidecar.fetch` does.' },
  async create({ request }) {
    const answer = async ({ statusCode, body }) => ({
      status: statusCode,
      text: await body.text(),
    });
    return {
      get: async (url, { signal } = {}) => answer(await request(url, signal && { signal })),
      post: async (url, body) => answer(await request(url, { method: 'POST', body })),
      download: async (url) => (await request(url)).body,
      upload: async (url, pieces) => answer(await request(url, { method: 'POST', body: pieces })),
    };
  },
};

export const ownClients = [sidecarRequest, sidecarFetch];
