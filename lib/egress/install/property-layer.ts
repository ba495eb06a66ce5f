/** Layers by what they have put over their property: a value or a getter. */
const layers = new WeakMap<object, PropertyLayer>();

/**
 * Something put over a property of an object that belongs to everybody, and taken away again in any
 * order with what others have put there: of two that lie one over the other either may go first.
 *
 * A layer that has been covered by something that is none is not taken away, as that would tear the
 * other's down, too. It stays then, is no longer active, and has to pass everything on.
 */
export class PropertyLayer {
  readonly #object: object;
  readonly #key: PropertyKey;
  readonly #isAltered: () => boolean;
  /** What was there before; `undefined` if the object had no such property of its own. */
  #below: PropertyDescriptor | undefined = undefined;
  #isActive = false;

  /** `isAltered` tells whether others have changed what was put there, which then is theirs, too. */
  constructor(object: object, key: PropertyKey, isAltered: () => boolean = () => false) {
    this.#object = object;
    this.#key = key;
    this.#isAltered = isAltered;
  }

  /** False before it has been put there, and once it has been removed. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Whether it lies over this property, with nothing over it but other layers. */
  isOver(object: object, key: PropertyKey): boolean {
    const isThere = this.#isActive && this.#object === object && this.#key === key;
    return isThere && this.#findAbove() !== undefined;
  }

  /** What the property would be without this layer. */
  get below(): unknown {
    const below = this.#below;
    if (below === undefined) {
      // Asked for anew each time: others may change what all objects of the kind inherit.
      return Reflect.get(Object.getPrototypeOf(this.#object) ?? {}, this.#key, this.#object);
    }
    return below.get === undefined ? below.value : below.get.call(this.#object);
  }

  /** Puts a value there. Throws a `TypeError` if the property cannot be changed. */
  putValue(value: object): void {
    this.#put(value, { value, writable: true });
  }

  /** Puts a getter there. The property can be assigned to, which replaces it. */
  putGetter(get: () => unknown): void {
    const set = (value: unknown): void => {
      const descriptor = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this.#object, this.#key, descriptor);
    };
    this.#put(get, { get, set });
  }

  /** Gives back what was there, down to its attributes. Never throws. Idempotent. */
  remove(): void {
    if (!this.#isActive) {
      return;
    }
    this.#isActive = false;
    const above = this.#isAltered() ? undefined : this.#findAbove();
    if (above instanceof PropertyLayer) {
      above.#below = this.#below;
    } else if (above === 'nothing' && this.#below === undefined) {
      Reflect.deleteProperty(this.#object, this.#key);
    } else if (above === 'nothing' && this.#below !== undefined) {
      // Returns false if it has been made unchangeable; then it stays as it is.
      Reflect.defineProperty(this.#object, this.#key, this.#below);
    }
  }

  #put(own: object, change: PropertyDescriptor): void {
    const below = PropertyLayer.#withoutRemoved(
      Object.getOwnPropertyDescriptor(this.#object, this.#key),
    );
    Object.defineProperty(this.#object, this.#key, {
      ...change,
      enumerable: below?.enumerable ?? false,
      configurable: below?.configurable ?? true,
    });
    this.#below = below;
    this.#isActive = true;
    layers.set(own, this);
  }

  /** Returns the layer right above, or `undefined` if something else hides this one. */
  #findAbove(): PropertyLayer | 'nothing' | undefined {
    let above: PropertyLayer | 'nothing' = 'nothing';
    let layer = layerOf(Object.getOwnPropertyDescriptor(this.#object, this.#key));
    while (layer !== undefined && layer !== this) {
      above = layer;
      layer = layerOf(layer.#below);
    }
    return layer === undefined ? undefined : above;
  }

  /** Looks through layers that had to stay when they were removed, as something covered them then. */
  static #withoutRemoved(
    descriptor: PropertyDescriptor | undefined,
  ): PropertyDescriptor | undefined {
    let found = descriptor;
    for (let layer = layerOf(found); layer?.isRemoved === true; layer = layerOf(found)) {
      found = layer.#below;
    }
    return found;
  }

  /** Whether nobody needs it any more. */
  get isRemoved(): boolean {
    return !this.#isActive && !this.#isAltered();
  }
}

function layerOf(descriptor: PropertyDescriptor | undefined): PropertyLayer | undefined {
  const own: unknown = descriptor?.get ?? descriptor?.value;
  const canBeOwn = (typeof own === 'object' && own !== null) || typeof own === 'function';
  return canBeOwn ? layers.get(own) : undefined;
}
