import { Readable } from 'node:stream';

export const needle = {
  name: 'needle',
  package: 'needle',
  door: 'agent',
  usage: 'needle.get(url, { agent: sidecar.agent })',
  async create({ agent }) {
    const { default: needle } = await import('needle');
    const options = { agent, parse_response: false, follow_max: 3 };
    const answer = ({ statusCode, body }) => ({ status: statusCode, text: body.toString() });
    return {
      get: async (url, { signal } = {}) =>
        answer(await needle('get', url, null, signal ? { ...options, signal } : options)),
      post: async (url, body) => answer(await needle('post', url, body, options)),
      download: async (url) => needle.get(url, options),
      upload: async (url, pieces) =>
        answer(await needle('post', url, Readable.from(pieces), options)),
    };
  },
};
