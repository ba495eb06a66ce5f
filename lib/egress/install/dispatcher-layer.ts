import type { DispatchOptions } from '../dispatcher/dispatch-options.js';
import {
  type DispatcherPlace,
  type ForeignDispatcher,
  readGlobalDispatcher,
} from '../dispatcher/global-dispatcher.js';
import { PropertyLayer } from './property-layer.js';

/** Takes calls to hosts that are ours, and returns `undefined` for all others. */
export type OfferDispatch = (options: DispatchOptions, handler: object) => boolean | undefined;

/** Methods of dispatchers that make a request by `dispatch`, or a dispatcher over it. */
const overDispatch: ReadonlySet<PropertyKey> = new Set([
  'compose',
  'connect',
  'pipeline',
  'request',
  'stream',
  'upgrade',
]);

/**
 * Puts a dispatcher over the global one of a place. What it does not take goes, as it is, to the one
 * that was there. In all but `dispatch` it is that one, as dispatchers are that undici composes: it
 * is of its class, and closing it closes that. Returns `undefined` if there is none.
 */
export function layOverDispatcher(
  place: DispatcherPlace,
  offer: OfferDispatch,
): PropertyLayer | undefined {
  const found = readGlobalDispatcher(place);
  if (found === undefined) {
    return undefined;
  }
  const dispatch = (options: DispatchOptions, handler: object): boolean => {
    const taken = layer.isActive ? offer(options, handler) : undefined;
    return taken ?? next().dispatch(options, handler);
  };
  // `dispatch` is its own, for tools that wrap the method of whatever dispatcher they meet.
  const own: object = Object.create(Object.getPrototypeOf(found), {
    dispatch: { value: dispatch, writable: true, enumerable: false, configurable: true },
  });
  const isAltered = (): boolean =>
    Reflect.get(own, 'dispatch') !== dispatch || Reflect.ownKeys(own).length > 1;
  const layer = new PropertyLayer(globalThis, place, isAltered);
  // There is one beneath, which only another layer can change, for another one.
  const next = (): ForeignDispatcher => layer.below as ForeignDispatcher;
  layer.putValue(imitate(own, next));
  return layer;
}

function imitate(own: object, next: () => ForeignDispatcher): object {
  return new Proxy(own, {
    get: (_own, key) => (Object.hasOwn(own, key) ? Reflect.get(own, key) : readFrom(next(), key)),
    has: (_own, key) => Reflect.has(next(), key),
    set: (_own, key, value) => Reflect.set(key === 'dispatch' ? own : next(), key, value),
  });
}

function readFrom(dispatcher: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(dispatcher, key);
  // Methods may use private fields, which only the dispatcher itself has.
  return typeof value === 'function' && key !== 'constructor' && !overDispatch.has(key)
    ? value.bind(dispatcher)
    : value;
}
