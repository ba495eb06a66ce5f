import { type AdminEndpoint, textReply } from './admin-endpoint.js';

/** `/healthcheck/ok`: takes `/healthcheck/fail` back. */
export const healthcheckOkEndpoint: AdminEndpoint = {
  path: '/healthcheck/ok',
  help: 'cause the server to pass health checks',
  isMutation: true,
  reply: (context) => {
    context.serverState.healthcheckFailed = false;
    return textReply(200, ['OK\n']);
  },
};
