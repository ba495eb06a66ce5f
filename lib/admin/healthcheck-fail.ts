import { type AdminEndpoint, textReply } from './admin-endpoint.js';

/** `/healthcheck/fail`: makes health checks fail, so that no more traffic is sent here. */
export const healthcheckFailEndpoint: AdminEndpoint = {
  path: '/healthcheck/fail',
  help: 'cause the server to fail health checks',
  isMutation: true,
  reply: (context) => {
    context.serverState.healthcheckFailed = true;
    return textReply(200, ['OK\n']);
  },
};
