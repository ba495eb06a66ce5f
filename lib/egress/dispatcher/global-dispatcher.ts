import { invalid } from '../request-options.js';
import type { ControllerDispatchHandler } from './dispatch-handler.js';
import { HandlerFacade } from './handler-facade.js';

/** Whatever undici would dispatch with. */
export interface ForeignDispatcher {
  dispatch(options: unknown, handler: unknown): boolean;
}

/** Every undici takes handlers with `onConnect` here: the one of Node.js, and 6, 7 and 8. */
const legacyPlace: unique symbol = Symbol.for('undici.globalDispatcher.1');
/** Only undici 7 and 8 are here, and take handlers with `onRequestStart`. */
const currentPlace: unique symbol = Symbol.for('undici.globalDispatcher.2');

/** A property of `globalThis` with a global dispatcher. */
export type DispatcherPlace = typeof legacyPlace | typeof currentPlace;

/** Where copies of undici keep their global dispatcher; which they read depends on their version. */
export const dispatcherPlaces: readonly DispatcherPlace[] = [legacyPlace, currentPlace];

/** Makes Node.js load its own undici, which it does late, and which fills its place if nobody has. */
export function loadBuiltInUndici(): void {
  void globalThis.Headers;
}

/** Returns what is in a place, if it is a dispatcher. */
export function readGlobalDispatcher(place: DispatcherPlace): ForeignDispatcher | undefined {
  const found: unknown = Reflect.get(globalThis, place);
  if (typeof found !== 'object' || found === null || !('dispatch' in found)) {
    return undefined;
  }
  // Undici puts nothing there that has no such method.
  return found as ForeignDispatcher;
}

/** What is composed of dispatchers of ours, and where its requests end up. */
const endsOfComposed = new WeakMap<object, object>();

/** Notes that requests to `composed` end up with `inner`, or where those of `inner` do. */
export function noteComposed(composed: object, inner: object): void {
  endsOfComposed.set(composed, endsOfComposed.get(inner) ?? inner);
}

/** A call while it is being passed on. */
interface PassedCall {
  readonly next: ForeignDispatcher;
  readonly options: unknown;
  readonly handler: object;
}

/** How many are remembered for a place. Applications replace the global dispatcher once, if at all. */
const maxKnown = 8;

/**
 * Sends calls that are none of ours to the dispatcher that would have had them: the global one at
 * that very moment. Once the sidecar's own has been put in its place, that is the one before it.
 *
 * A global dispatcher may hand its calls to ours in some wrapping that does not show it. A call that
 * has been passed on to such a one comes back, at once or later, and then goes to the one before, too.
 */
export class GlobalDispatcher {
  readonly #self: object;
  /** On the options of a call that is passed on: to whom. Wrappings copy options with all they have. */
  readonly #mark: symbol = Symbol('passed on to');
  /** Those that were not ours, for each place, the last one last. */
  readonly #known = new Map<DispatcherPlace, ForeignDispatcher[]>();
  /** Those of whom calls have come back. */
  readonly #wrappings = new WeakSet<ForeignDispatcher>();
  readonly #underWay: PassedCall[] = [];

  constructor(self: object) {
    this.#self = self;
    loadBuiltInUndici();
    for (const place of dispatcherPlaces) {
      const found = this.#current(place);
      this.#known.set(place, found === undefined ? [] : [found]);
    }
  }

  /** Passes a call on as it came. */
  dispatch(given: unknown, handler: object): boolean {
    const wrapping = this.#cameBackFrom(given, handler);
    if (wrapping !== undefined) {
      this.#wrappings.add(wrapping);
    }
    const hasComeBack = wrapping !== undefined;
    if (!isOfLaterGeneration(handler)) {
      return this.#pass(legacyPlace, this.#choose(legacyPlace, hasComeBack), given, handler);
    }
    const current = this.#choose(currentPlace, hasComeBack);
    if (current !== undefined) {
      return this.#pass(currentPlace, current, given, handler);
    }
    const legacy = this.#choose(legacyPlace, hasComeBack);
    return this.#pass(legacyPlace, legacy, given, new HandlerFacade(handler));
  }

  #pass(
    place: DispatcherPlace,
    next: ForeignDispatcher | undefined,
    given: unknown,
    handler: object,
  ): boolean {
    if (next === undefined) {
      throw invalid('the configuration does not know the host, and undici is not there to ask');
    }
    this.#remember(place, next);
    const options = this.#prepare(given, next);
    this.#underWay.push({ next, options, handler });
    try {
      return next.dispatch(options, handler);
    } finally {
      this.#underWay.pop();
    }
  }

  #remember(place: DispatcherPlace, next: ForeignDispatcher): void {
    const known = this.#known.get(place) ?? [];
    if (!known.includes(next)) {
      const kept = known.filter((one) => !this.#wrappings.has(one)).slice(-maxKnown);
      this.#known.set(place, [...kept, next]);
    }
  }

  /** Returns whom the call has been passed on to before, or `undefined` if it is a new one. */
  #cameBackFrom(given: unknown, handler: object): ForeignDispatcher | undefined {
    if (typeof given !== 'object' || given === null) {
      return undefined;
    }
    if (this.#mark in given) {
      // Nobody else has this symbol.
      return Reflect.get(given, this.#mark) as ForeignDispatcher;
    }
    // A wrapping that makes its options itself can be told while it does.
    return this.#underWay.find(
      (call) => call.handler === handler || isSameTarget(call.options, given),
    )?.next;
  }

  #choose(place: DispatcherPlace, hasComeBack: boolean): ForeignDispatcher | undefined {
    const current = hasComeBack ? undefined : this.#current(place);
    const known = this.#known.get(place);
    return current ?? known?.findLast((one) => !this.#wrappings.has(one));
  }

  /** Returns the global dispatcher, unless it is ours. */
  #current(place: DispatcherPlace): ForeignDispatcher | undefined {
    const found = readGlobalDispatcher(place);
    const isOwn = found !== undefined && (endsOfComposed.get(found) ?? found) === this.#self;
    return isOwn ? undefined : found;
  }

  /**
   * Returns the options as the next one is to have them. The functions of undici 6 and 7 leave the
   * dispatcher among them; that is us, and has been asked already. Undici 8, which Node.js 26 has,
   * refuses to be told of another.
   */
  #prepare(options: unknown, next: ForeignDispatcher): unknown {
    if (typeof options !== 'object' || options === null) {
      return options;
    }
    if (!isPlain(options) && !('dispatcher' in options)) {
      return options;
    }
    const prepared: Record<PropertyKey, unknown> = { ...options, [this.#mark]: next };
    delete prepared['dispatcher'];
    return prepared;
  }
}

/** Whether an object is copied as a whole by its own properties. It may be one of another realm. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isSameTarget(options: unknown, other: object): boolean {
  return (
    typeof options === 'object' &&
    options !== null &&
    ['method', 'path', 'origin'].every(
      (key) => String(Reflect.get(options, key)) === String(Reflect.get(other, key)),
    )
  );
}

/** Whose methods are called if they are there; that they are of that form is the caller's contract. */
function isOfLaterGeneration(handler: object): handler is ControllerDispatchHandler {
  return 'onRequestStart' in handler && typeof handler.onRequestStart === 'function';
}
