/**
 * Sees the timers of this process that are still to come. Node.js tells only of those that keep the
 * process alive, and those of a library do not.
 */

/** So many are kept in mind before those that are over are forgotten. */
const maxKept = 1000;

/** Watches all timers from now on; returns what counts those that are not over. */
export function watchTimers() {
  let timers = [];
  let limit = maxKept;
  const forget = () => {
    // No public property says so. It is the same in all releases.
    timers = timers.filter((timer) => !timer._destroyed);
    limit = timers.length + maxKept;
  };
  for (const name of ['setTimeout', 'setInterval']) {
    const original = globalThis[name];
    const watched = (...values) => {
      const timer = original(...values);
      timers.push(timer);
      if (timers.length > limit) forget();
      return timer;
    };
    globalThis[name] = Object.assign(watched, original);
  }
  return () => {
    forget();
    return timers.length;
  };
}
