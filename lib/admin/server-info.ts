import { type AdminEndpoint, textReply } from './admin-endpoint.js';

/**
 * `/server_info`: one line with name, version, `live` or `draining`, uptime, total uptime and restart
 * epoch. There is no hot restart, so both uptimes are the same and the epoch is 0.
 */
export const serverInfoEndpoint: AdminEndpoint = {
  path: '/server_info',
  help: 'print server version/status information',
  isMutation: false,
  reply: ({ serverState, version }) => {
    const state = serverState.isLive ? 'live' : 'draining';
    const uptime = serverState.uptimeSeconds();
    return textReply(200, [`pillion ${version}/RELEASE ${state} ${uptime} ${uptime} 0\n`]);
  },
};
