import { PassThrough, Readable } from 'node:stream';

export const superagent = {
  name: 'superagent',
  package: 'superagent',
  door: 'agent',
  usage: 'superagent.get(url).agent(sidecar.agent)',
  async create({ agent }) {
    const { default: superagent } = await import('superagent');
    const open = (method, url) =>
      superagent(method, url)
        .agent(agent)
        .ok(() => true);
    const answer = ({ status, text }) => ({ status, text });
    return {
      get: async (url, { signal } = {}) => {
        const request = open('GET', url);
        const response = request.then(answer);
        signal?.addEventListener('abort', () => {
          // Which returns the request: as a promise, that would be the outcome of this listener.
          request.abort();
        });
        return response;
      },
      post: async (url, body) => answer(await open('POST', url).type('text/plain').send(body)),
      download: async (url) => open('GET', url).pipe(new PassThrough()),
      upload: (url, pieces) =>
        new Promise((resolve, reject) => {
          const request = open('POST', url).on('error', reject);
          request.on('response', (response) => resolve(answer(response)));
          Readable.from(pieces).on('error', reject).pipe(request);
        }),
    };
  },
};
