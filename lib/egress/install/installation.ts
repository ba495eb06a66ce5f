import http from 'node:http';
import { SidecarError } from '../../base/errors.js';
import { OutboundAgent } from '../agent/outbound-agent.js';
import { type DispatchOptions, parseOrigin } from '../dispatcher/dispatch-options.js';
import {
  type DispatcherPlace,
  dispatcherPlaces,
  loadBuiltInUndici,
} from '../dispatcher/global-dispatcher.js';
import { SidecarDispatcher } from '../dispatcher/sidecar-dispatcher.js';
import type { OutboundClient } from '../request.js';
import { layOverAgent, layOverConstructor } from './agent-layer.js';
import { layOverDispatcher } from './dispatcher-layer.js';
import { PropertyLayer } from './property-layer.js';

/** A sidecar in the place of the globals that clients go by, as long as somebody wants it there. */
export class Installation {
  readonly #client: OutboundClient;
  /** Doors of its own: those of the application may be closed by it. Made when they are needed. */
  #dispatcher: SidecarDispatcher | undefined = undefined;
  #agent: OutboundAgent | undefined = undefined;
  readonly #layers: PropertyLayer[] = [];
  /** How many have asked for it, and not yet given it back. */
  #count = 0;
  #isClosed = false;
  #isLooking = false;

  constructor(client: OutboundClient) {
    this.#client = client;
  }

  /** See `Sidecar.install`. */
  install(): () => void {
    if (this.#isClosed) {
      throw new SidecarError('SIDECAR_CLOSED', 'the sidecar has been closed');
    }
    try {
      this.#put();
    } catch (error) {
      this.#removeUnlessWanted();
      throw error;
    }
    this.#count++;
    let isRestored = false;
    return () => {
      if (!isRestored) {
        isRestored = true;
        this.#count--;
        this.#removeUnlessWanted();
      }
    };
  }

  /** Gives everything back, whoever still wants it. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#remove();
  }

  #removeUnlessWanted(): void {
    if (this.#count === 0) {
      this.#remove();
    }
  }

  #remove(): void {
    for (const layer of this.#layers.splice(0)) {
      layer.remove();
    }
  }

  #put(): void {
    this.#putOverDispatchers();
    const agent = http.globalAgent;
    if (!this.#isOver(agent, 'addRequest')) {
      this.#agent ??= new OutboundAgent(this.#client);
      // One by one: what has been put there is taken away again if the other cannot be.
      this.#layers.push(layOverAgent(agent, this.#agent));
      this.#layers.push(layOverConstructor(agent, this.#agent));
    }
  }

  #putOverDispatchers(): void {
    loadBuiltInUndici();
    this.#dispatcher ??= new SidecarDispatcher(this.#client);
    for (const place of dispatcherPlaces) {
      if (!this.#isOver(globalThis, place)) {
        this.#layers.push(layOverDispatcher(place, this.#offer) ?? this.#watch(place));
      }
    }
  }

  #isOver(object: object, key: PropertyKey): boolean {
    return this.#layers.some((layer) => layer.isOver(object, key));
  }

  /** Takes what is dispatched to hosts that are ours. */
  readonly #offer = (options: DispatchOptions, handler: object): boolean | undefined => {
    const origin = parseOrigin(options?.origin);
    return origin !== undefined && this.#client.claims(origin)
      ? this.#dispatcher?.dispatch(options, handler)
      : undefined;
  };

  /**
   * Waits for a copy of undici to be loaded that uses a place that is empty so far. It looks there
   * first, finds nothing, as it would without us, and fills all places with what is its own.
   */
  #watch(place: DispatcherPlace): PropertyLayer {
    const layer = new PropertyLayer(globalThis, place);
    layer.putGetter(() => {
      if (layer.isActive && !this.#isLooking) {
        this.#isLooking = true;
        queueMicrotask(this.#look);
      }
      return layer.below;
    });
    return layer;
  }

  readonly #look = (): void => {
    this.#isLooking = false;
    if (this.#count > 0 && !this.#isClosed) {
      try {
        this.#putOverDispatchers();
      } catch {
        // It has been made unchangeable by then, and so stays as it is.
      }
    }
  };
}
