import { Readable } from 'node:stream';

export const nodeFetch = {
  name: 'node-fetch',
  package: 'node-fetch',
  door: 'agent',
  usage: 'fetch(url, { agent: sidecar.agent })',
  async create({ agent }) {
    const { default: fetch } = await import('node-fetch');
    const answer = async (response) => ({ status: response.status, text: await response.text() });
    return {
      get: async (url, { signal } = {}) => answer(await fetch(url, { agent, signal })),
      post: async (url, body) => answer(await fetch(url, { agent, method: 'POST', body })),
      download: async (url) => (await fetch(url, { agent })).body,
      upload: async (url, pieces) => {
        const body = Readable.from(pieces, { objectMode: false });
        return answer(await fetch(url, { agent, method: 'POST', body }));
      },
    };
  },
};
