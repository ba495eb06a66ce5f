/**
 * What a process under test has to do with its parent: it answers questions, tells of what goes wrong,
 * and ends when the parent is gone. It holds itself until it is asked to leave.
 */

/** Tells the parent. */
export function tell(message) {
  // The parent may have gone; then this process has nobody to tell, and ends.
  if (process.connected) process.send(message);
}

/** A parent that is gone asks for nothing more. */
function onOrphaned() {
  process.exit(1);
}

/** Returns a logger for the sidecar: errors of its own are told, and everything if `isVerbose`. */
export function createLogger(isVerbose) {
  const log = (level) => (message) => {
    if (/internal error/.test(message)) tell({ internalError: message });
    else if (isVerbose) tell({ log: `${level} ${message}` });
  };
  return Object.fromEntries(
    ['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, log(level)]),
  );
}

/** Nothing is to go unheard from here on. */
export function watchProcess() {
  process.on('disconnect', onOrphaned);
  process.on('warning', (warning) => tell({ warning: warning.stack ?? String(warning) }));
  process.on('unhandledRejection', (reason) =>
    tell({ rejection: reason instanceof Error ? reason.stack : String(reason) }),
  );
}

/** Answers the parent's questions, each by the function of its name. */
export function answer(questions) {
  const all = { ...questions, leave };
  process.on('message', async ({ id, question, input }) => {
    try {
      tell({ id, answer: await all[question](input) });
    } catch (error) {
      tell({ id, failure: error.stack ?? String(error) });
    }
  });
}

/** Nothing holds this process any more but itself: it has to end. */
function leave() {
  process.off('disconnect', onOrphaned);
  setImmediate(() => process.disconnect());
}
