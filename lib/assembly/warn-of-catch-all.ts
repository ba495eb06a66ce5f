import type { ListenerManager } from '../downstream/listener-manager.js';
import type { AssemblyOptions } from './assembly-options.js';

/**
 * Says so if all calls of the process are about to take the routes of a listener that is likely for
 * requests from outside: then a service calls itself in the place of others. A listener that
 * `outbound.listeners` names is meant to.
 */
export function warnOfCatchAll(options: AssemblyOptions, listenerManager: ListenerManager): void {
  const entry = listenerManager
    .entries()
    .find(({ routes }) => routes.config?.virtualHosts.some(({ domains }) => domains.includes('*')));
  if (entry !== undefined && options.outboundListeners === undefined) {
    options.log.warn(
      `install: listener "${entry.name}" has a virtual host for every domain ("*"), so all calls of this process by http: take its routes, also those to other hosts; say which listeners they may take by the option outbound: { listeners: [...] }, or none, [], which leaves the names of clusters`,
    );
  }
}
