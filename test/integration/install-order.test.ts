import { test } from 'node:test';
import { runInstallTask } from '../support/install-fixture.js';

// Each in a process of its own: what is installed changes globals.

const script = 'install-order-script';

test('what was there is given back exactly, down to attributes of properties', (t) =>
  runInstallTask(t, script, 'given back'));

test('installed twice, it stays until it has been given back twice', (t) =>
  runInstallTask(t, script, 'twice'));

test('two sidecars go in any order, and leave the other in force', (t) =>
  runInstallTask(t, script, 'two sidecars'));

test('of two sidecars that know a host, the one installed last is asked', (t) =>
  runInstallTask(t, script, 'last one first'));

test('what others have put over it stays, and calls go on', (t) =>
  runInstallTask(t, script, 'covered'));

test('a tool that wraps the dispatcher’s method keeps hearing of calls', (t) =>
  runInstallTask(t, script, 'wrapped in place'));

test('an agent that has replaced the global one is covered by installing again', (t) =>
  runInstallTask(t, script, 'replaced'));

test('closing the sidecar gives everything back', (t) => runInstallTask(t, script, 'closed'));

test('calls under way are brought to their end when it is given back', (t) =>
  runInstallTask(t, script, 'under way'));

test('it is all or nothing where a global cannot be changed', (t) =>
  runInstallTask(t, script, 'unchangeable'));

test('the global dispatcher is still of its class, and can be closed', (t) =>
  runInstallTask(t, script, 'as the one before'));

/** Node.js from 24 on fills both places of global dispatchers by itself. */
function hasEmptyPlace(): boolean {
  void globalThis.Headers;
  return !Object.hasOwn(globalThis, Symbol.for('undici.globalDispatcher.2'));
}

const skip = hasEmptyPlace() ? false : 'both places are filled by this Node.js';

test('a copy of undici that is loaded later, and fills its own place, is covered', { skip }, (t) =>
  runInstallTask(t, script, 'undici loaded late'),
);

test('a place that was empty can be assigned to', { skip }, (t) =>
  runInstallTask(t, script, 'assigned late'),
);
