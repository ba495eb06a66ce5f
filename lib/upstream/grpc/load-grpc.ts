import { isIPv4, isIPv6 } from 'node:net';
import type * as grpcJs from '@grpc/grpc-js';
import { SidecarError } from '../../base/errors.js';
import { type Address, formatHostPort } from '../../config/address.js';
import type { GrpcChannel, OpenGrpcChannel } from './grpc-channel.js';

type GrpcLibrary = typeof grpcJs;

/**
 * Loads the optional package that speaks gRPC. `key` of the configuration is what needs it. Rejects
 * with `SIDECAR_PACKAGE_MISSING` if it cannot be loaded.
 */
export async function loadGrpc(
  key: string,
  load: () => Promise<unknown> = () => import('@grpc/grpc-js'),
): Promise<OpenGrpcChannel> {
  try {
    // What the package exports is known by its types.
    const grpc = (await load()) as GrpcLibrary;
    return (address, authority) => new GrpcJsChannel(grpc, address, authority);
  } catch (error) {
    throw new SidecarError(
      'SIDECAR_PACKAGE_MISSING',
      `"${key}" of the configuration needs the package @grpc/grpc-js, which cannot be loaded; run ` +
        '`npm install @grpc/grpc-js`',
      { cause: error },
    );
  }
}

/** What HTTP/2 takes as an authority. Servers hang up on any other. */
const isAuthority = /^[\w.~!$&'()*+,;=:%-]+$/;

/**
 * A host that cannot be reached is tried again at least so often, however long it has been away:
 * until then every call fails at once.
 */
const maxReconnectBackoffMs = 1000;

/** One channel of `@grpc/grpc-js`, without what it would do by itself: names, proxies, retries. */
class GrpcJsChannel implements GrpcChannel {
  readonly #client: grpcJs.Client;

  constructor(grpc: GrpcLibrary, address: Address, authority: string) {
    this.#client = new grpc.Client(targetOf(address), grpc.credentials.createInsecure(), {
      ...(isAuthority.test(authority) ? { 'grpc.default_authority': authority } : {}),
      'grpc.enable_http_proxy': 0,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': maxReconnectBackoffMs,
      // Connections of ours are not the application's, which may use the same package.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
    });
  }

  call(method: string, message: Buffer, onReply: (reply: Buffer | undefined) => void): () => void {
    let isDone = false;
    const finish = (reply: Buffer | undefined): void => {
      if (!isDone) {
        isDone = true;
        onReply(reply);
      }
    };
    try {
      const call = this.#client.makeUnaryRequest<Buffer, Buffer>(
        method,
        passThrough,
        passThrough,
        message,
        (_error, reply) => finish(reply),
      );
      return () => {
        isDone = true;
        call.cancel();
      };
    } catch {
      // What the network does is no exception, whatever the package makes of it.
      finish(undefined);
      return () => {};
    }
  }

  close(): void {
    this.#client.close();
  }
}

function passThrough(message: Buffer): Buffer {
  return message;
}

function targetOf(address: Address): string {
  if (address.kind === 'unix') {
    return `unix:${address.path}`;
  }
  if (isIPv4(address.host)) {
    return `ipv4:${formatHostPort(address)}`;
  }
  // Only the option `connectTo` can bring a name here.
  return `${isIPv6(address.host) ? 'ipv6' : 'dns'}:${formatHostPort(address)}`;
}
