import { fetchClient } from '../support/fetch-client.mjs';

export const builtInFetch = {
  name: 'built-in `fetch`',
  door: 'dispatcher',
  usage: 'fetch(url, { dispatcher: sidecar.dispatcher })',
  async create({ dispatcher }) {
    return fetchClient((url, init) => fetch(url, dispatcher ? { ...init, dispatcher } : init));
  },
};
