export const ofetch = {
  name: 'ofetch',
  package: 'ofetch',
  door: 'fetch',
  usage: 'createFetch({ fetch: sidecar.fetch })',
  async create({ fetch }) {
    const { createFetch } = await import('ofetch');
    // Its own retries would hide what the sidecar does.
    const defaults = { retry: 0, ignoreResponseError: true, responseType: 'text' };
    const client = createFetch({ ...(fetch && { fetch }), defaults });
    const answer = ({ status, _data }) => ({ status, text: _data });
    return {
      get: async (url, { signal } = {}) => answer(await client.raw(url, { signal })),
      post: async (url, body) => answer(await client.raw(url, { method: 'POST', body })),
      download: (url) => client(url, { responseType: 'stream' }),
      upload: async (url, pieces) => {
        const body = ReadableStream.from(pieces);
        return answer(await client.raw(url, { method: 'POST', body, duplex: 'half' }));
      },
    };
  },
};
