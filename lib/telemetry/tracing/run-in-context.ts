import type { Context } from '@opentelemetry/api';
import type { OpenTelemetry } from './open-telemetry.js';

/** What a call has come to. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Calls `fn` once, while `context` is the active one. What a context manager throws is none of its
 * outcome: `fn` is called without a context if it has not been called in one.
 */
export function runInContext<T>({ api, guard }: OpenTelemetry, context: Context, fn: () => T): T {
  const call: { outcome?: Outcome<T> } = {};
  guard.run(() =>
    api.context.with(context, () => {
      call.outcome ??= outcomeOf(fn);
    }),
  );
  call.outcome ??= outcomeOf(fn);
  const { outcome } = call;
  if ('error' in outcome) {
    throw outcome.error;
  }
  return outcome.value;
}

function outcomeOf<T>(fn: () => T): Outcome<T> {
  try {
    return { value: fn() };
  } catch (error) {
    return { error };
  }
}
