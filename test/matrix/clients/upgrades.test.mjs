/** Clients of WebSockets, given `sidecar.agent` or `sidecar.dispatcher`. */

import { testClients } from '../support/test-clients.mjs';
import { upgradeCases } from '../support/upgrade-cases.mjs';
import { socketIos } from './socket-io.mjs';
import { builtInWebSocket, undiciWebSockets } from './web-socket.mjs';
import { ws } from './ws.mjs';

const clients = [builtInWebSocket, ...undiciWebSockets, ws, ...socketIos];

await testClients(clients, { table: 'upgrades', cases: upgradeCases });
