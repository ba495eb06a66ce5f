import { SidecarError } from '../errors.js';
import type { LayeredRuntime } from './layered-runtime.js';

/**
 * The values that can change while the sidecar runs, by Envoy's keys such as `routing.new` or
 * `fault.http.abort.abort_percent`.
 */
export interface SidecarRuntime {
  /**
   * Returns the value under a key as it is written, or `undefined` if the default counts.
   *
   * Throws `SIDECAR_OPTION_INVALID` for a key that is no string.
   */
  get(key: string): string | undefined;
  /**
   * Sets a value from the next request on, above those on disk, also above those of a tree that is
   * loaded later. `undefined` takes it back.
   *
   * Throws `SIDECAR_OPTION_INVALID` for a value that is neither a string nor a whole number from 0 on.
   */
  set(key: string, value: string | number | undefined): void;
}

/** Creates what an application sees of a runtime. */
export function createSidecarRuntime(runtime: LayeredRuntime): SidecarRuntime {
  return {
    get(key) {
      checkKey(key);
      return runtime.get(key);
    },
    set(key, value) {
      checkKey(key);
      runtime.set(key, value === undefined ? undefined : textOf(key, value));
    },
  };
}

function checkKey(key: unknown): void {
  if (typeof key !== 'string' || key === '') {
    throw new SidecarError(
      'SIDECAR_OPTION_INVALID',
      'the key of a runtime value must be a string such as "routing.new"',
    );
  }
}

function textOf(key: string, value: unknown): string {
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  if (!isNumber && typeof value !== 'string') {
    throw new SidecarError(
      'SIDECAR_OPTION_INVALID',
      `the runtime value of ${JSON.stringify(key)} must be a whole number from 0 on, a string, or undefined`,
    );
  }
  return String(value);
}
