import { describeValue } from '../config/describe-value.js';
import { optionInvalid } from '../config/option-check.js';
import { createSidecar, type Sidecar } from '../sidecar.js';
import type { SidecarOptions } from '../sidecar-options.js';

/** A sidecar that is there already. Who has made it closes it. */
export interface ExistingSidecar {
  readonly sidecar: Sidecar;
}

/** Where an integration has its sidecar from: that of the application, or one of its own. */
export type SidecarSource = SidecarOptions | ExistingSidecar;

/** A sidecar, and how whoever holds it lets go of it. */
export interface HeldSidecar {
  readonly sidecar: Sidecar;
  /** Closes the sidecar, unless it belongs to the application. */
  close(): Promise<void>;
}

/** Starts a sidecar, or takes the one that is there. Rejects as `createSidecar` does. */
export async function openSidecar(source: SidecarSource): Promise<HeldSidecar> {
  if (isExisting(source)) {
    checkSidecar(source.sidecar, 'sidecar');
    checkAlone(source);
    return { sidecar: source.sidecar, close: () => Promise.resolve() };
  }
  const sidecar = await createSidecar(source);
  return { sidecar, close: () => sidecar.close() };
}

/** Throws if there are options beside the sidecar: it has been made without them. */
function checkAlone(source: ExistingSidecar): void {
  const others = Object.entries(source)
    .filter(([name, value]) => name !== 'sidecar' && value !== undefined)
    .map(([name]) => name);
  if (others.length > 0) {
    throw optionInvalid(
      `sidecar is given together with ${others.join(', ')}; give these to createSidecar(), or leave sidecar out`,
    );
  }
}

/** Whether the application has made the sidecar itself. */
export function isExisting(source: SidecarSource): source is ExistingSidecar {
  return typeof source === 'object' && source !== null && 'sidecar' in source;
}

/** Throws unless `value` is a sidecar: a promise of one is the common mistake. */
export function checkSidecar(value: unknown, what: string): asserts value is Sidecar {
  if (
    typeof value !== 'object' ||
    value === null ||
    !('contextMiddleware' in value) ||
    typeof value.contextMiddleware !== 'function'
  ) {
    throw optionInvalid(`${what} is ${describeValue(value)}, expected a sidecar${hintAt(value)}`);
  }
}

function hintAt(value: unknown): string {
  if (value instanceof Promise) {
    return '; await it first';
  }
  if (typeof value !== 'object' || value === null) {
    return '';
  }
  if ('sidecar' in value) {
    return '; give the sidecar itself';
  }
  return 'config' in value ? '; give what createSidecar() resolves with for these options' : '';
}
