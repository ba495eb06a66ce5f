import type { Duplex } from 'node:stream';
import type { OutboundUpgrade } from '../outbound-upgrade.js';

/** Who reads what comes out of a tunnel. */
export interface TunnelReader {
  /** Takes a piece. After `false`, no more until the tunnel's `resume`. */
  onTunnelData(chunk: Buffer): boolean;
  /** The host sends no more. */
  onTunnelEnd(): void;
  /** The tunnel has been cut, before its end. */
  onTunnelCut(): void;
}

/**
 * The tunnel that a connection of the agent may become. What the client writes behind its handshake
 * waits in it for the answer; if a host agrees, the client reads what comes out.
 */
export class AgentTunnel {
  readonly #end: Duplex;
  #isOpen = false;

  constructor({ clientEnd }: OutboundUpgrade) {
    this.#end = clientEnd;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A host has agreed. Called once. */
  open(reader: TunnelReader): void {
    this.#isOpen = true;
    const end = this.#end;
    end.on('data', (chunk: Buffer) => {
      if (!reader.onTunnelData(chunk)) {
        end.pause();
      }
    });
    end.on('end', () => reader.onTunnelEnd());
    end.on('close', () => {
      if (!end.readableEnded) {
        reader.onTunnelCut();
      }
    });
  }

  /** There is room again for what comes out. */
  resume(): void {
    this.#end.resume();
  }

  /** Sends a piece, and calls back when there is room for more. */
  write(chunk: Buffer, onTaken: () => void): void {
    if (this.#end.writable) {
      this.#end.write(chunk, () => onTaken());
    } else {
      // The host has left; as to a peer that has closed, it is sent for nothing.
      onTaken();
    }
  }

  /** The client sends no more. */
  finish(onDone: () => void): void {
    if (this.#end.writable) {
      this.#end.end(() => onDone());
    } else {
      onDone();
    }
  }
}
