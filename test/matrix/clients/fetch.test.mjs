/** The calls of the sidecar itself, the `fetch` of Node.js, and clients that are given one. */

import { testClients } from '../support/test-clients.mjs';
import { builtInFetch } from './built-in-fetch.mjs';
import { kys } from './ky.mjs';
import { octokit } from './octokit.mjs';
import { ofetch } from './ofetch.mjs';
import { openais } from './openai.mjs';
import { ownClients } from './sidecar.mjs';

await testClients([...ownClients, builtInFetch, ...kys, ofetch, ...openais, octokit]);
