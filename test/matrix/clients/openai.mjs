function openai(major) {
  return {
    name: `openai ${major}`,
    package: `openai${major}`,
    door: 'fetch',
    usage: 'new OpenAI({ fetch: sidecar.fetch })',
    async create({ fetch }) {
      const { OpenAI } = await import(`openai${major}`);
      // Its own retries would hide what the sidecar does.
      const client = new OpenAI({ apiKey: 'none', fetch, maxRetries: 0 });
      const answer = async (call) => {
        try {
          const response = await call.asResponse();
          return { status: response.status, text: await response.text() };
        } catch (error) {
          // It throws what is no success.
          if (error.status === undefined) throw error;
          return { status: error.status, text: error.message };
        }
      };
      const headers = { 'content-type': 'text/plain' };
      return {
        get: (url, options) => answer(client.get(url, options)),
        post: (url, body) => answer(client.post(url, { body, headers })),
        download: async (url) => (await client.get(url).asResponse()).body,
        upload: (url, body) => answer(client.post(url, { body, headers })),
      };
    },
  };
}

export const openais = [openai(6), openai(7)];
