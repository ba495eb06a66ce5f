/** The functions of undici, given `sidecar.dispatcher`. */

import { testClients } from '../support/test-clients.mjs';
import { undicis } from './undici.mjs';

await testClients(undicis);
