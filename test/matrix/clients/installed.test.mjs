/** Clients that are told nothing of the sidecar, while it is installed. */

import { testClients } from '../support/test-clients.mjs';
import { axios } from './axios.mjs';
import { builtInFetch } from './built-in-fetch.mjs';
import { gots } from './got.mjs';
import { kys } from './ky.mjs';
import { needle } from './needle.mjs';
import { nodeFetch } from './node-fetch.mjs';
import { nodeHttp } from './node-http.mjs';
import { octokit } from './octokit.mjs';
import { ofetch } from './ofetch.mjs';
import { openais } from './openai.mjs';
import { superagent } from './superagent.mjs';
import { undicis } from './undici.mjs';

/** Its redirects are a matter of an interceptor over a dispatcher of one's own. */
const withoutRedirect = (client) => ({
  ...client,
  cannot: {
    redirect:
      'It follows no redirects, unless it is given a dispatcher with an interceptor for them.',
    ...client.cannot,
  },
});

const clients = [
  builtInFetch,
  ...undicis.map((client) => (client.name.includes('fetch') ? client : withoutRedirect(client))),
  ...kys,
  ofetch,
  ...openais,
  octokit,
  nodeHttp,
  axios,
  ...gots,
  nodeFetch,
  superagent,
  needle,
];

await testClients(clients, {
  table: 'installed',
  connect: (sidecar) => ({ disconnect: sidecar.install() }),
});
