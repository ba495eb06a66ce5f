import { Readable } from 'node:stream';

export const axios = {
  name: 'axios',
  package: 'axios',
  door: 'agent',
  usage: 'axios.create({ httpAgent: sidecar.agent, httpsAgent: sidecar.agent, proxy: false })',
  async create({ agent }) {
    const { default: axios } = await import('axios');
    const client = axios.create({
      httpAgent: agent,
      httpsAgent: agent,
      proxy: false,
      responseType: 'text',
      // It would parse JSON even so.
      transformResponse: [],
      validateStatus: null,
    });
    const answer = ({ status, data }) => ({ status, text: data });
    return {
      get: async (url, { signal } = {}) => answer(await client.get(url, { signal })),
      post: async (url, body) => answer(await client.post(url, body)),
      download: async (url) => (await client.get(url, { responseType: 'stream' })).data,
      upload: async (url, pieces) => {
        // Where it may be redirected, it keeps a copy of the whole body.
        const options = { maxRedirects: 0, maxBodyLength: Number.POSITIVE_INFINITY };
        return answer(await client.post(url, Readable.from(pieces), options));
      },
    };
  },
};
