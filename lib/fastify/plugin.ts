import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Logger } from '../base/log.js';
import { isJsonObject } from '../config/json-members.js';
import { optionInvalid } from '../config/option-check.js';
import {
  type ExistingSidecar,
  type HeldSidecar,
  isExisting,
  openSidecar,
} from '../integration/sidecar-source.js';
import type { Sidecar } from '../sidecar.js';
import type { SidecarOptions } from '../sidecar-options.js';
import type { MountedApplication } from '../upstream/mounted-application.js';

/** Options of `createSidecar`, for a sidecar that lives and ends with the application. */
export interface OwnSidecarOptions extends SidecarOptions {
  /**
   * Name of the cluster whose requests this application answers. The sidecar starts when the
   * application is ready then, so that no request comes before its routes are there.
   */
  readonly mountAs?: string;
}

/** Options of the plugin: those of a sidecar of its own, or one that is there already. */
export type FastifyPluginOptions = OwnSidecarOptions | ExistingSidecar;

/** A request or a reply of Fastify: as much of it as the plugin looks at. */
export interface FastifyMessage<R> {
  readonly raw: R;
}

type RequestHook = (
  request: FastifyMessage<IncomingMessage | Http2ServerRequest>,
  reply: FastifyMessage<ServerResponse | Http2ServerResponse>,
  done: () => void,
) => void;

/** An application of Fastify 5: as much of it as the plugin uses. */
export interface FastifyApplication {
  readonly log: Logger;
  readonly server: unknown;
  decorate(name: 'sidecar', property: { getter(): Sidecar }): unknown;
  addHook(name: 'onRequest', hook: RequestHook): unknown;
  addHook(name: 'onReady' | 'onClose', hook: () => Promise<void>): unknown;
}

/**
 * A plugin of Fastify: `await app.register(pillion, { config: './envoy.json' })`. It starts a
 * sidecar, which is `app.sidecar` then, makes the calls of the application on behalf of the requests
 * that it serves (ids, trace, deadline), and closes the sidecar when the application has closed. With
 * `{ sidecar }` it takes one that is there, and does not close it.
 *
 * It applies to all that is registered where it is, and below. The sidecar logs to `app.log` unless
 * it is given another logger. Rejects as `createSidecar` does.
 */
export const pillion: (
  fastify: FastifyApplication,
  options: FastifyPluginOptions,
) => Promise<void> = Object.assign(register, {
  // What fastify-plugin says of a plugin, without its being needed.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'pillion',
  [Symbol.for('plugin-meta')]: { name: 'pillion', fastify: '5.x' },
});

async function register(fastify: FastifyApplication, options: FastifyPluginOptions): Promise<void> {
  let held: HeldSidecar | undefined;
  const open = async (): Promise<void> => {
    held = await openSidecar(completed(options, fastify));
  };
  if (!isExisting(options) && options.mountAs !== undefined) {
    fastify.addHook('onReady', open);
  } else {
    await open();
  }
  const getter = (): Sidecar => {
    if (held === undefined) {
      throw optionInvalid('with mountAs, the sidecar is there when the application is ready');
    }
    return held.sidecar;
  };
  fastify.decorate('sidecar', { getter });
  // Hooks and handlers run in it, those behind the reading of a body, too: Fastify sees to that.
  fastify.addHook('onRequest', ({ raw }, reply, done) => {
    getter().contextMiddleware()(raw, reply.raw, done);
  });
  fastify.addHook('onClose', async () => {
    await held?.close();
  });
}

function completed(
  options: FastifyPluginOptions,
  fastify: FastifyApplication,
): SidecarOptions | ExistingSidecar {
  if (isExisting(options)) {
    return options;
  }
  const { mountAs, ...rest } = options;
  if (mountAs !== undefined && isJsonObject(rest.mount) && Object.hasOwn(rest.mount, mountAs)) {
    throw optionInvalid(`mount and mountAs both name the cluster "${mountAs}"; leave one out`);
  }
  // Whether it can be mounted is checked with the other options.
  const mounted = mountAs === undefined ? {} : { [mountAs]: fastify.server as MountedApplication };
  return { logger: fastify.log, ...rest, mount: { ...rest.mount, ...mounted } };
}
