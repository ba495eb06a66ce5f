import { type AdminEndpoint, textReply } from './admin-endpoint.js';

/** Returns the list of `endpoints`, one to a line. */
export function describeEndpoints(endpoints: readonly AdminEndpoint[]): string {
  const lines = endpoints.map(({ path, help }) => `  ${path}: ${help}\n`);
  return `admin commands are:\n${lines.join('')}`;
}

/** Makes `/`, which lists `endpoints`. */
export function createHomeEndpoint(endpoints: readonly AdminEndpoint[]): AdminEndpoint {
  return {
    path: '/',
    help: 'print this list',
    isMutation: false,
    reply: () => textReply(200, [describeEndpoints(endpoints)]),
  };
}
