import { type AdminEndpoint, textReply } from './admin-endpoint.js';

/** `/reset_counters`: sets every counter to 0. Gauges stay. */
export const resetCountersEndpoint: AdminEndpoint = {
  path: '/reset_counters',
  help: 'reset all counters to zero',
  isMutation: true,
  reply: (context) => {
    context.stats.resetCounters();
    return textReply(200, ['OK\n']);
  },
};
