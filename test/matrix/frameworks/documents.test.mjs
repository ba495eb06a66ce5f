// The programs of the pages for users, as they stand there: what is pasted has to run, and to compile.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { serveSockets } from '../support/socket-servers.mjs';
import { compiler, printed, run } from './example.mjs';
import { dist } from './sidecar.mjs';

const matrix = join(import.meta.dirname, '..');
const root = join(matrix, '..', '..');

/** Packages by the name that the pages import them by, where that is not their name here. */
const aliases = { got: 'got14', undici: 'undici7' };
const packages = [
  ...['axios', 'express', 'fastify', 'hono', 'koa', 'needle', 'node-fetch', 'reflect-metadata'],
  ...['rxjs', 'socket.io-client', 'superagent', 'ws', 'got', 'undici'],
  ...['@nestjs/common', '@nestjs/core', '@nestjs/platform-express'],
];

const wholePage = /(?!)/;

/** Pages, and what of them is one program: all blocks, or those below each heading. */
const pages = {
  'README.md': wholePage,
  'docs/outbound.md': wholePage,
  'docs/mount.md': wholePage,
  'docs/context.md': wholePage,
  'docs/clients.md': wholePage,
  'docs/frameworks.md': /^(?=## )/m,
};

async function link(target, path) {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}

/** A folder of a user who has installed all that the pages use. */
async function createFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-documents-'));
  t.after(() => rm(folder, { recursive: true }));
  const modules = join(folder, 'node_modules');
  for (const name of packages) {
    await link(join(matrix, 'node_modules', aliases[name] ?? name), join(modules, name));
  }
  await link(join(root, 'node_modules', '@types', 'node'), join(modules, '@types', 'node'));
  await link(dist, join(modules, 'pillion', 'dist'));
  const manifest = await readFile(join(dist, '..', 'package.json'));
  await writeFile(join(modules, 'pillion', 'package.json'), manifest);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

/** Returns the programs of a page in one language, each with the name of its section. */
async function readPrograms(page, language) {
  const text = await readFile(join(root, page), 'utf8');
  const isCode = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms');
  return text.split(pages[page]).flatMap((part) => {
    const blocks = [...part.matchAll(isCode)].map(([, block]) => block);
    return blocks.length === 0 ? [] : [{ title: part.slice(0, part.indexOf('\n')), blocks }];
  });
}

/** A host of every name that the pages call. */
async function startHost(t) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{"items":["tea"]}'));
  });
  const state = { open: 0 };
  serveSockets(server, state);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  return { port: server.address().port, state };
}

/** The `envoy.json` that the pages begin with, with hosts and addresses of this machine. */
async function writeConfig(folder, port) {
  const path = join(root, 'examples', 'flask-equivalent', 'envoy.json');
  const config = JSON.parse(await readFile(path, 'utf8'));
  const [local] = config.cluster_manager.clusters;
  local.hosts = [{ url: `tcp://127.0.0.1:${port}` }];
  config.cluster_manager.clusters.push({ ...local, name: 'orders' });
  config.listeners[0].address = 'tcp://127.0.0.1:0';
  config.admin = { access_log_path: '/dev/null', address: 'tcp://127.0.0.1:0' };
  await writeFile(join(folder, 'envoy.json'), JSON.stringify(config));
}

/** Ports and hosts that are somebody else's are ours here; nothing else of a program is changed. */
function localize(program, port) {
  return program
    .replaceAll('127.0.0.1:5001', `127.0.0.1:${port}`)
    .replaceAll('http://example.com/', `http://127.0.0.1:${port}/`)
    .replaceAll('//orders/room', '//orders/ws')
    .replaceAll('listen(3000)', 'listen(0)')
    .replace(/listenOn: \{.*\},/, '');
}

for (const page of Object.keys(pages)) {
  for (const { title, blocks } of await readPrograms(page, 'js')) {
    test(`the program of ${page}, ${title}, runs as it is pasted`, async (t) => {
      const folder = await createFolder(t);
      const { port, state } = await startHost(t);
      await writeConfig(folder, port);
      const upgrades = blocks.join('\n').match(/new \w+Socket\(|\bio\(/g)?.length ?? 0;
      const end =
        "\nconsole.log('at its end');\nprocess.stdin.once('data', () => process.exit());\n";
      await writeFile(join(folder, 'program.js'), localize(blocks.join('\n'), port) + end);
      const command = run(t, folder, '--throw-deprecation', 'program.js');
      await Promise.race([
        printed(command, /at its end/),
        command.exited.then(() => assert.fail(command.output)),
      ]);
      for (let left = 200; state.open < upgrades && left > 0; left -= 1) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal(state.open, upgrades);
      assert.doesNotMatch(command.output, /Error/);
    });
  }
}

/** What the packages bring no types for is not the pages' concern. */
const untyped = "declare module 'express';\n";

test('the TypeScript of the pages compiles as it is pasted', async (t) => {
  const folder = await createFolder(t);
  await writeFile(join(folder, 'untyped.d.ts'), untyped);
  let count = 0;
  for (const page of Object.keys(pages)) {
    for (const { blocks } of await readPrograms(page, 'ts')) {
      for (const block of blocks) {
        await writeFile(join(folder, `block-${count++}.ts`), block);
      }
    }
  }
  assert.ok(count > 0);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
  const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata'];
  for (const [module, resolution] of [
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ]) {
    const compilation = run(
      t,
      folder,
      compiler,
      ...['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--types', 'node'],
      ...['--module', module, '--moduleResolution', resolution, ...decorators, ...files],
    );
    const [code] = await compilation.exited;
    assert.equal(code, 0, compilation.output);
  }
});
