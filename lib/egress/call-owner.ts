import type { Linked } from '../base/linked-list.js';
import type { Aging } from './unread-bodies.js';

/** A call of the application while it is under way. */
export interface ActiveCall extends Aging, Linked<ActiveCall> {
  /** Gives up; whoever waits for the response or its body gets `reason`. */
  abort(reason: unknown): void;
}

/** Hears of the calls under way, to hold the process and to end what is left. */
export interface CallOwner {
  onCallStart(call: ActiveCall): void;
  onCallEnd(call: ActiveCall): void;
  /** Somebody waits for a call to go on, so the process must not end meanwhile. */
  onWaitStart(): void;
  onWaitEnd(): void;
}
