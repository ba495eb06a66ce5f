import type { Address } from '../../config/address.js';

/** The way to one host that speaks gRPC. Connects with the first call, and again when it must. */
export interface GrpcChannel {
  /**
   * Sends `message` to a method, such as `/package.Service/Method`. Calls `onReply` once, later, with
   * the one message of the reply, or with `undefined` for whatever else came of it. Returns how to
   * give the call up; then `onReply` is not called any more.
   */
  call(method: string, message: Buffer, onReply: (reply: Buffer | undefined) => void): () => void;
  /** Ends the connection once the calls under way are done, for good. Idempotent. */
  close(): void;
}

/**
 * Makes the channel to an address. `authority` is what the host is asked for by; it is asked for by
 * its address if that cannot be sent. No I/O yet.
 */
export type OpenGrpcChannel = (address: Address, authority: string) => GrpcChannel;
