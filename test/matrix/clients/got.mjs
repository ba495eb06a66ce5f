function got(major) {
  return {
    name: `got ${major}`,
    package: `got${major}`,
    door: 'agent',
    usage: 'got.extend({ agent: { http: sidecar.agent, https: sidecar.agent } })',
    async create({ agent }) {
      const { default: got } = await import(`got${major}`);
      const client = got.extend({
        ...(agent && { agent: { http: agent, https: agent } }),
        // Its own retries would hide what the sidecar does.
        retry: { limit: 0 },
        throwHttpErrors: false,
      });
      const answer = ({ statusCode, body }) => ({ status: statusCode, text: body });
      return {
        get: async (url, { signal } = {}) => answer(await client(url, { signal })),
        post: async (url, body) => answer(await client.post(url, { body })),
        download: async (url) => client.stream(url),
        upload: async (url, pieces) => answer(await client.post(url, { body: pieces })),
      };
    },
  };
}

export const gots = [got(14), got(16)];
