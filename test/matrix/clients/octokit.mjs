export const octokit = {
  name: 'octokit',
  package: 'octokit',
  door: 'fetch',
  usage: 'new Octokit({ request: { fetch: sidecar.fetch } })',
  async create({ fetch }) {
    const { Octokit } = await import('octokit');
    const client = new Octokit({
      request: { ...(fetch && { fetch }) },
      // Its own retries would hide what the sidecar does, and it would wait between two calls.
      retry: { enabled: false },
      throttle: { enabled: false },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const raw = { parseSuccessResponseBody: false };
    const send = async (route, data, request) => {
      try {
        return await client.request(route, { data, request: { ...raw, ...request } });
      } catch (error) {
        // It throws what is no success.
        if (error.response === undefined) throw error;
        return error.response;
      }
    };
    const answer = async ({ status, data }) => ({
      status,
      text: typeof data === 'string' ? data : await new Response(data).text(),
    });
    return {
      get: async (url, request) => answer(await send(`GET ${url}`, undefined, request)),
      post: async (url, body) => answer(await send(`POST ${url}`, body)),
      download: async (url) => (await send(`GET ${url}`)).data,
      upload: async (url, pieces) => answer(await send(`POST ${url}`, ReadableStream.from(pieces))),
    };
  },
};
