// The whole system on one machine: an application with its sidecar inside, in four replicas,
// service discovery, and an edge in front, all from unchanged envoy.json files.
//
//   node examples/demo/demo.js                 then type: help
//   node examples/demo/demo.js --any-ports     with ports that the system chooses
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child } from './child.js';
import { Commands } from './commands.js';
import { findFreePort } from './ports.js';
import { Registrations } from './registrations.js';
import { Replicas } from './replicas.js';
import { answersOk } from './request.js';

const { values: options } = parseArgs({
  options: { 'any-ports': { type: 'boolean', default: false } },
});

const service = 'flask-app-envoy-service.default.svc.cluster.local';
const ip = '127.0.0.1';
const fooCom = { headers: { host: 'foo.com' } };
const pillion = new URL('./cli.js', import.meta.resolve('pillion'));
const edgeConfig = fileURLToPath(new URL('../edge/envoy.json', import.meta.url));

const directory = mkdtempSync(join(tmpdir(), 'pillion-demo-'));
const controlSocket = join(directory, 'control');
const registrations = new Registrations(join(directory, 'registrations.json'), service);
const replicas = new Replicas({
  registrations,
  directory,
  anyPorts: options['any-ports'],
  print,
});
/** Every process besides the replicas. */
const servers = [];
let terminal;
let isEnding = false;

process.on('SIGINT', end);
process.on('SIGTERM', end);
process.on('SIGHUP', end);

try {
  await start();
} catch (error) {
  if (!isEnding) {
    print(`The demo cannot run: ${error.message}`);
    await end(1);
  }
}

async function start() {
  const startedAt = Date.now();
  print('The application with its sidecar inside, service discovery, and the edge in front.');
  print('\n1. Service discovery, in the part of kubernetes-envoy-sds:');
  const sdsPort = await choosePort(9080, 'service discovery');
  await registrations.write();
  const sdsUrl = `http://${ip}:${sdsPort}/v1/registration/${service}`;
  await startPillion('sds', () => answersOk(sdsUrl), [
    'sds',
    ...['--file', registrations.file],
    ...['--http', `${ip}:${sdsPort}`],
  ]);

  print('\n2. Four replicas of examples/flask-equivalent/server.js, each its own process:');
  await replicas.scale(4, (line) => print(`   ${line}`));
  if (replicas.list().length < 4) {
    throw new Error('not every replica has started');
  }

  print('\n3. The edge:');
  const port = await choosePort(8080, 'the edge');
  const adminPort = await choosePort(8001, 'the admin server of the edge');
  const edge = { url: `http://${ip}:${port}/`, adminUrl: `http://${ip}:${adminPort}/` };
  await startPillion('edge', () => answersOk(edge.url, fooCom), [
    ...['-c', edgeConfig],
    ...['--service-cluster', 'edge'],
    // Sooner than by default, so that one can watch the access log.
    ...['--file-flush-interval-msec', '1000'],
    ...['--listen-on', `tcp://0.0.0.0:80=tcp://${ip}:${port}`],
    ...['--listen-on', `tcp://0.0.0.0:8001=tcp://${ip}:${adminPort}`],
    ...['--connect-to', `kubernetes-envoy-sds.kube-system:80:${ip}:${sdsPort}`],
  ]);

  const commands = new Commands({ replicas, registrations, edge, quit: end });
  openControlSocket(commands);
  print(`\nReady after ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  printWhatToTry(edge, sdsUrl, commands);
  readCommands(commands);
}

async function choosePort(preferred, what) {
  const port = await findFreePort(ip, options['any-ports'] ? 0 : preferred);
  if (port !== preferred && !options['any-ports']) {
    print(`   (port ${preferred} is in use: ${what} takes ${port})`);
  }
  return port;
}

/** Starts the `pillion` command and waits until it answers. */
async function startPillion(name, isReady, args) {
  print(`   pillion ${formatCommand(args)}`);
  const child = new Child(name, pillion, args, directory);
  servers.push(child);
  await child.waitUntil(isReady);
  child.exited.then((status) => {
    if (!isEnding) {
      print(`${name} has ended (${status}). The end of its log:\n${child.readLogEnd()}`);
    }
  });
}

/** One flag a line, paths as short as they can be. */
function formatCommand(args) {
  return args
    .map((argument) => (argument === edgeConfig ? relative('.', argument) : argument))
    .join(' ')
    .replaceAll(' --', ' \\\n     --');
}

function printWhatToTry({ url, adminUrl }, sdsUrl, commands) {
  print(`
Try, in another terminal:
  Hello, World! from all replicas in turn:
    curl -H 'Host: foo.com' ${url}
  The same, saying which replica it was:
    curl -H 'Host: foo.com' ${url}healthy_check
  404, for the edge knows no other host:
    curl -i -H 'Host: bar.com' ${url}
  The admin server of the edge (each replica has one, too):
    curl ${adminUrl}clusters
    curl ${adminUrl}stats
  What service discovery answers, and the file behind it:
    curl ${sdsUrl}
    cat ${registrations.file}
  The access log of the edge, and the log of each other process beside it:
    tail -f ${join(directory, 'edge.log')}
  The commands below, from elsewhere:
    curl --unix-socket ${controlSocket} -d 'scale 6' http://demo/

Type here:${commands.help}
`);
}

/** Takes commands from the terminal, or from whatever the standard input is while it lasts. */
function readCommands(commands) {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  terminal = readline.createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout, prompt: '> ' } : {}),
  });
  terminal.on('line', async (line) => {
    await commands.run(line, print);
    prompt();
  });
  // A terminal gives Ctrl-C to readline, and Ctrl-D means that one is done.
  terminal.on('SIGINT', end);
  terminal.on('close', () => {
    terminal = undefined;
    if (isTerminal) {
      void end();
    }
  });
  prompt();
}

/** Takes the same commands from other terminals. */
function openControlSocket(commands) {
  const server = http.createServer(async (request, response) => {
    let line = '';
    for await (const chunk of request.setEncoding('utf8')) {
      line += chunk;
    }
    await commands.run(line, (text) => response.write(`${text}\n`));
    response.end();
  });
  server.on('error', (error) => print(`no commands from other terminals: ${error.message}`));
  server.listen(controlSocket);
}

/** Prints above the line that is being typed. */
function print(text) {
  if (isEnding) {
    return;
  }
  clearPrompt();
  console.log(text);
  prompt(true);
}

function clearPrompt() {
  if (terminal?.terminal) {
    readline.clearLine(process.stdout, 0);
    readline.cursorTo(process.stdout, 0);
  }
}

function prompt(preserveCursor) {
  if (terminal?.terminal) {
    terminal.prompt(preserveCursor);
  }
}

/** Ends every process, whatever state it is in, and then the demo. */
async function end(exitCode) {
  if (isEnding) {
    return;
  }
  isEnding = true;
  // Replicas that end would otherwise be taken out of a file that is just being removed.
  await registrations.close();
  const children = [...servers, ...replicas.children];
  for (const child of children) {
    child.letGo();
  }
  const ended = await Promise.all(children.map((child) => child.hasEndedWithin(400)));
  for (const child of children.filter((_, index) => !ended[index])) {
    child.kill('SIGKILL');
    await child.exited;
  }
  rmSync(directory, { recursive: true, force: true });
  clearPrompt();
  console.log('Everything has ended.');
  process.exit(exitCode === 1 ? 1 : 0);
}
