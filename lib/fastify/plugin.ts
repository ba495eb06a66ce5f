import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Logger } from '../base/log.js';
import { describeValue } from '../config/describe-value.js';
import { entriesOf, optionInvalid } from '../config/option-check.js';
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
  checkArguments(fastify, options);
  const isLate = !isExisting(options) && options.mountAs !== undefined;
  let held: HeldSidecar | undefined;
  const getter = (): Sidecar => {
    if (held === undefined) {
      throw optionInvalid(
        isLate
          ? 'with mountAs, the sidecar is there when the application is ready: await app.ready()'
          : 'the sidecar is there when the plugin has been loaded: await app.register()',
      );
    }
    return held.sidecar;
  };
  // Before there is a sidecar: it throws if there is one already, and nobody would close the second.
  fastify.decorate('sidecar', { getter });
  // Hooks and handlers run in it, those behind the reading of a body, too: Fastify sees to that.
  fastify.addHook('onRequest', ({ raw }, reply, done) => {
    getter().contextMiddleware()(raw, reply.raw, done);
  });
  fastify.addHook('onClose', async () => {
    await held?.close();
  });
  const open = async (): Promise<void> => {
    held = await openSidecar(completed(options, fastify));
  };
  if (isLate) {
    fastify.addHook('onReady', open);
  } else {
    await open();
  }
}

/** Throws for what would only be found out halfway, or at the end of `ready()`. */
function checkArguments(fastify: unknown, options: unknown): void {
  const example = 'app.register(pillion, { config: "./envoy.json" })';
  if (
    typeof fastify !== 'object' ||
    fastify === null ||
    !('decorate' in fastify && 'addHook' in fastify)
  ) {
    throw optionInvalid(`pillion is called without an application of Fastify; use ${example}`);
  }
  if (typeof options !== 'object' || options === null || options instanceof Promise) {
    throw optionInvalid(
      `the options are ${describeValue(options)}, expected an object: ${example}`,
    );
  }
  const { mountAs }: { readonly mountAs?: unknown } = options;
  if (mountAs !== undefined && (typeof mountAs !== 'string' || mountAs === '')) {
    throw optionInvalid(`mountAs is ${describeValue(mountAs)}, expected the name of a cluster`);
  }
}

function completed(
  options: FastifyPluginOptions,
  fastify: FastifyApplication,
): SidecarOptions | ExistingSidecar {
  if (isExisting(options)) {
    return options;
  }
  const { mountAs, ...rest } = options;
  if (mountAs === undefined) {
    return { logger: fastify.log, ...rest };
  }
  const mounts = entriesOf('mount', rest.mount);
  if (mounts.some(([name]) => name === mountAs)) {
    throw optionInvalid(`mount and mountAs both name the cluster "${mountAs}"; leave one out`);
  }
  // Whether it can be mounted is checked with the other options.
  const mounted = { [mountAs]: fastify.server as MountedApplication };
  return { logger: fastify.log, ...rest, mount: { ...rest.mount, ...mounted } };
}
