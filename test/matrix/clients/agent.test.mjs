/** Clients of `node:http`, given `sidecar.agent`. */

import { testClients } from '../support/test-clients.mjs';
import { axios } from './axios.mjs';
import { gots } from './got.mjs';
import { needle } from './needle.mjs';
import { nodeFetch } from './node-fetch.mjs';
import { nodeHttp } from './node-http.mjs';
import { smithy } from './smithy.mjs';
import { superagent } from './superagent.mjs';

await testClients([nodeHttp, axios, ...gots, nodeFetch, superagent, needle, smithy]);
