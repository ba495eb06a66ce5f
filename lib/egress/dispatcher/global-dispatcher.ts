import { invalid } from '../request-options.js';
import type { ControllerDispatchHandler } from './dispatch-handler.js';
import { HandlerFacade } from './handler-facade.js';

/** Whatever undici would dispatch with. */
interface ForeignDispatcher {
  dispatch(options: unknown, handler: unknown): boolean;
}

/** Every undici takes handlers with `onConnect` here: the one of Node.js, and 6, 7 and 8. */
const legacyPlace: unique symbol = Symbol.for('undici.globalDispatcher.1');
/** Only undici 7 and 8 are here, and take handlers with `onRequestStart`. */
const currentPlace: unique symbol = Symbol.for('undici.globalDispatcher.2');

/** What is composed of dispatchers of ours, and where its requests end up. */
const endsOfComposed = new WeakMap<object, object>();

/** Notes that requests to `composed` end up with `inner`, or where those of `inner` do. */
export function noteComposed(composed: object, inner: object): void {
  endsOfComposed.set(composed, endsOfComposed.get(inner) ?? inner);
}

type Place = typeof legacyPlace | typeof currentPlace;
const places: readonly Place[] = [legacyPlace, currentPlace];

/**
 * Sends calls that are none of ours to the dispatcher that would have had them: the global one at
 * that very moment. Once the sidecar's own has been put in its place, that is the one before it.
 */
export class GlobalDispatcher {
  readonly #self: object;
  /** The last one that was not ours, for each place. */
  readonly #foreign = new Map<Place, ForeignDispatcher>();
  #depth = 0;
  #hasComeBack = false;

  constructor(self: object) {
    this.#self = self;
    // Reading this makes Node.js load its own undici, which fills the place if nobody has.
    void globalThis.Headers;
    for (const place of places) {
      const found = this.#current(place);
      if (found !== undefined) {
        this.#foreign.set(place, found);
      }
    }
  }

  /** Passes a call on as it came. */
  dispatch(given: unknown, handler: object): boolean {
    const options = withoutDispatcher(given);
    if (isOfLaterGeneration(handler)) {
      const current = this.#choose(currentPlace);
      return current === undefined
        ? this.#pass(legacyPlace, this.#choose(legacyPlace), options, new HandlerFacade(handler))
        : this.#pass(currentPlace, current, options, handler);
    }
    return this.#pass(legacyPlace, this.#choose(legacyPlace), options, handler);
  }

  #pass(
    place: Place,
    next: ForeignDispatcher | undefined,
    options: unknown,
    handler: object,
  ): boolean {
    if (next === undefined) {
      throw invalid('the configuration does not know the host, and undici is not there to ask');
    }
    this.#hasComeBack = this.#depth > 0;
    this.#depth++;
    try {
      return next.dispatch(options, handler);
    } finally {
      this.#depth--;
      if (!this.#hasComeBack) {
        this.#foreign.set(place, next);
      }
    }
  }

  /**
   * A call that comes here while one is being passed on has come back: the global dispatcher hands
   * its calls to ours in some wrapping that does not show it.
   */
  #choose(place: Place): ForeignDispatcher | undefined {
    const current = this.#depth > 0 ? undefined : this.#current(place);
    return current ?? this.#foreign.get(place);
  }

  /** Returns the global dispatcher, unless it is ours. */
  #current(place: Place): ForeignDispatcher | undefined {
    const found: unknown = Reflect.get(globalThis, place);
    if (typeof found !== 'object' || found === null || !('dispatch' in found)) {
      return undefined;
    }
    const isOwn = (endsOfComposed.get(found) ?? found) === this.#self;
    // Undici puts nothing there that has no such method.
    return isOwn ? undefined : (found as ForeignDispatcher);
  }
}

/** Whose methods are called if they are there; that they are of that form is the caller's contract. */
function isOfLaterGeneration(handler: object): handler is ControllerDispatchHandler {
  return 'onRequestStart' in handler && typeof handler.onRequestStart === 'function';
}

/**
 * The functions of undici 6 and 7 leave the dispatcher among the options; that is us, and has been
 * asked already. Undici 8, which Node.js 26 has, refuses to be told of another.
 */
function withoutDispatcher(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || !('dispatcher' in options)) {
    return options;
  }
  const { dispatcher: _asked, ...rest } = options;
  return rest;
}
