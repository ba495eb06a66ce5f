import { test } from 'node:test';
import { runInstallTask } from '../support/install-fixture.js';

// Each in a process of its own, which has to end by itself: what is installed changes globals.

const script = 'install-clients-script';

test('the built-in fetch reaches hosts of the configuration, also if it was taken before', (t) =>
  runInstallTask(t, script, 'fetch'));

test('clients of node:http that are given no agent do, also those made before', (t) =>
  runInstallTask(t, script, 'global agent'));

test('agents of the application’s own, and classes derived from them, do not', (t) =>
  runInstallTask(t, script, 'own agents'));

test('calls to other hosts are the same byte for byte, over the same connections', (t) =>
  runInstallTask(t, script, 'untouched'));

test('https: is left as it is', (t) => runInstallTask(t, script, 'https'));

test('what the sidecar passes on itself does not come back to it', (t) =>
  runInstallTask(t, script, 'own doors'));

test('a proxy of the environment gets nothing that is for the sidecar, nor the other way round', (t) =>
  runInstallTask(t, script, 'proxy'));

test('a script with the sidecar installed exits by itself', (t) =>
  runInstallTask(t, script, 'exit'));
