import http from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** Sends a request whose body, if any, is at hand. */
function open(url, options, body) {
  return new Promise((resolve, reject) => {
    const request =
      body === undefined ? http.get(url, options, resolve) : http.request(url, options, resolve);
    request.on('error', reject);
    if (body !== undefined) request.end(body);
  });
}

async function answer(response) {
  return { status: response.statusCode, text: await text(response) };
}

export const nodeHttp = {
  name: '`http.get`, `http.request`',
  door: 'agent',
  usage: 'http.get(url, { agent: sidecar.agent })',
  cannot: { redirect: '`node:http` follows no redirects.' },
  async create({ agent }) {
    return {
      get: async (url, { signal } = {}) => answer(await open(url, { agent, signal })),
      post: async (url, body) => answer(await open(url, { agent, method: 'POST' }, body)),
      download: (url) => open(url, { agent }),
      upload: (url, pieces) =>
        new Promise((resolve, reject) => {
          const request = http.request(url, { agent, method: 'POST' }, (response) => {
            answer(response).then(resolve, reject);
          });
          pipeline(pieces, request).catch(reject);
        }),
    };
  },
};
