import type { Runtime } from '../runtime.js';
import { parseRuntimeValue, type RuntimeValue, type RuntimeValues } from './runtime-value.js';

/** Where values come from, in the order in which they replace each other. */
export const runtimeLayerNames = ['disk', 'override', 'admin'] as const;

/** The name of a layer, as Envoy shows it; `admin` has what was set in the running process. */
export type RuntimeLayerName = (typeof runtimeLayerNames)[number];

/** What is counted of the runtime: reference 8.4. */
export interface RuntimeCounts {
  /** Trees that could not be read. */
  loadError: number;
  /** Trees that were read. */
  loadSuccess: number;
  /** Of these, trees with values for this service cluster. */
  overrideDirExists: number;
  overrideDirNotExists: number;
  /** Keys that have a value now. */
  numKeys: number;
}

const noValues: RuntimeValues = new Map();

/**
 * The runtime of a sidecar: the values of a tree on disk, above them those for this service cluster,
 * and above all what was set in the running process. The highest value of a key counts alone: if it
 * is no number, the default counts, and not what lies below it.
 *
 * All layers together are one map that is replaced whole, so a look-up costs the same for any number
 * of keys and never sees half of a new tree.
 */
export class LayeredRuntime implements Runtime {
  readonly #counts: Pick<RuntimeCounts, 'numKeys'>;
  #layers: Readonly<Record<RuntimeLayerName, RuntimeValues>> = {
    disk: noValues,
    override: noValues,
    admin: noValues,
  };
  #snapshot: RuntimeValues = noValues;

  constructor(counts: Pick<RuntimeCounts, 'numKeys'> = { numKeys: 0 }) {
    this.#counts = counts;
  }

  integer(key: string, fallback: number): number {
    return this.#snapshot.get(key)?.number ?? fallback;
  }

  /** Returns the value under a key as it was written, or `undefined` if it has none. */
  get(key: string): string | undefined {
    return this.#snapshot.get(key)?.text;
  }

  /** Sets a value above all others, or takes it back, so that the one below counts again. */
  set(key: string, text: string | undefined): void {
    const admin = new Map(this.#layers.admin);
    if (text === undefined) {
      admin.delete(key);
    } else {
      admin.set(key, parseRuntimeValue(text));
    }
    this.#replace({ ...this.#layers, admin });
  }

  /** Puts a new tree in the place of the old one. What was set stays. */
  replaceTree(disk: RuntimeValues, override: RuntimeValues = noValues): void {
    this.#replace({ ...this.#layers, disk, override });
  }

  /** The values of every key, the highest layer last, for whoever shows them. */
  *entries(): Generator<readonly [key: string, values: readonly (RuntimeValue | undefined)[]]> {
    const layers = this.#layers;
    for (const key of [...this.#snapshot.keys()].sort()) {
      yield [key, runtimeLayerNames.map((name) => layers[name].get(key))];
    }
  }

  #replace(layers: Readonly<Record<RuntimeLayerName, RuntimeValues>>): void {
    this.#layers = layers;
    this.#snapshot = new Map(runtimeLayerNames.flatMap((name) => [...layers[name]]));
    this.#counts.numKeys = this.#snapshot.size;
  }
}
