// The same small application in every framework, as its users would write it.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import 'reflect-metadata';
import { createAdaptorServer, getRequestListener } from '@hono/node-server';
import {
  Body,
  Controller,
  Get,
  Module,
  Headers as NestHeaders,
  Post,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';

/** Large enough that no buffer on the way takes the whole of it. */
export const large = Buffer.alloc(3_000_000, 'ab');

/** Who hears that the client of `/hang` has left. */
export const left = { count: 0 };

export async function hashOf(source) {
  const hash = createHash('sha1');
  for await (const chunk of source) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

function* pieces() {
  for (let i = 0; i < large.length; i += 65_536) {
    yield large.subarray(i, i + 65_536);
  }
}

export const largeStream = () => Readable.from(pieces());

function largeWebStream() {
  const source = pieces();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = source.next();
      if (done) {
        controller.close();
      } else {
        controller.enqueue(new Uint8Array(value));
      }
    },
  });
}

async function readText(stream) {
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
  }
  return text;
}

const failure = () => new Error('of the application');
const hear = (emitter) => void emitter.on('close', () => left.count++);
const never = () => new Promise(() => {});

async function handle(request, response) {
  switch (request.url) {
    case '/hello':
      response.setHeader('x-own', request.headers['x-own'] ?? '').end('hello');
      return;
    case '/json': {
      const body = JSON.parse(await readText(request));
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      return;
    }
    case '/upload':
      response.end(await hashOf(request));
      return;
    case '/download':
      largeStream().pipe(response);
      return;
    case '/hang':
      hear(response);
      return;
    case '/late':
      response.end('hello');
      response.write('late');
      return;
    default:
      throw failure();
  }
}

function createExpress() {
  const app = express().set('env', 'test');
  app.get('/hello', (request, response) => {
    response.set('x-own', request.get('x-own') ?? '').send('hello');
  });
  app.post('/json', express.json(), (request, response) => response.json(request.body));
  app.post('/upload', async (request, response) => response.send(await hashOf(request)));
  app.get('/download', (_request, response) => largeStream().pipe(response));
  app.get('/hang', (_request, response) => hear(response));
  app.get('/late', (_request, response) => {
    response.send('hello');
    response.write('late');
  });
  app.get('/error', () => Promise.reject(failure()));
  return app;
}

function createFastify() {
  const app = fastify();
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => {
    done(null, payload);
  });
  app.get('/hello', async (request, reply) => {
    reply.header('x-own', request.headers['x-own'] ?? '');
    return 'hello';
  });
  app.post('/json', async (request) => request.body);
  app.post('/upload', async (request) => await hashOf(request.body));
  app.get('/download', (_request, reply) => reply.send(largeStream()));
  app.get('/hang', (_request, reply) => hear(reply.raw));
  app.get('/late', (_request, reply) => {
    reply.hijack();
    reply.raw.end('hello');
    reply.raw.write('late');
  });
  app.get('/error', () => Promise.reject(failure()));
  return app;
}

function createKoa() {
  const app = new Koa();
  app.silent = true;
  app.use(async (context) => {
    switch (context.path) {
      case '/hello':
        context.set('x-own', context.get('x-own'));
        context.body = 'hello';
        return;
      case '/json':
        context.body = JSON.parse(await readText(context.req));
        return;
      case '/upload':
        context.body = await hashOf(context.req);
        return;
      case '/download':
        context.body = largeStream();
        return;
      case '/hang':
        hear(context.res);
        await never();
        return;
      case '/late':
        context.respond = false;
        context.status = 200;
        context.res.end('hello');
        context.res.write('late');
        return;
      default:
        throw failure();
    }
  });
  return app;
}

function createHono() {
  const app = new Hono();
  app.onError((_error, context) => context.text('', 500));
  app.get('/hello', (context) => {
    return context.text('hello', 200, { 'x-own': context.req.header('x-own') ?? '' });
  });
  app.post('/json', async (context) => context.json(await context.req.json()));
  app.post('/upload', async (context) => context.text(await hashOf(context.req.raw.body)));
  app.get('/download', (context) => context.body(largeWebStream()));
  app.get('/hang', async (context) => {
    context.req.raw.signal.addEventListener('abort', () => left.count++);
    return await never();
  });
  app.get('/error', () => Promise.reject(failure()));
  return app;
}

async function fetchHandler(request) {
  switch (new URL(request.url).pathname) {
    case '/hello':
      return new Response('hello', { headers: { 'x-own': request.headers.get('x-own') ?? '' } });
    case '/json':
      return Response.json(await request.json());
    case '/upload':
      return new Response(await hashOf(request.body));
    case '/download':
      return new Response(largeWebStream());
    case '/hang':
      request.signal.addEventListener('abort', () => left.count++);
      return await never();
    default:
      throw failure();
  }
}

class Routes {
  hello(own, response) {
    response.set('x-own', own ?? '');
    return 'hello';
  }

  json(body) {
    return body;
  }

  upload(request) {
    return hashOf(request);
  }

  download() {
    return new StreamableFile(largeStream());
  }

  hang(response) {
    hear(response);
  }

  late(response) {
    response.end('hello');
    response.write('late');
  }

  error() {
    throw failure();
  }
}

/** Decorates without a compiler: `decorate(Routes, 'name', [of the method], [of each parameter])`. */
export function decorate(type, name, ofMethod, ofParameters = []) {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, name);
  for (const decorator of ofMethod) {
    decorator(type.prototype, name, descriptor);
  }
  ofParameters.forEach((decorator, index) => {
    decorator(type.prototype, name, index);
  });
}

decorate(Routes, 'hello', [Get('hello')], [NestHeaders('x-own'), Res({ passthrough: true })]);
decorate(Routes, 'json', [Post('json')], [Body()]);
decorate(Routes, 'upload', [Post('upload')], [Req()]);
decorate(Routes, 'download', [Get('download')]);
decorate(Routes, 'hang', [Get('hang')], [Res()]);
decorate(Routes, 'late', [Get('late')], [Res()]);
decorate(Routes, 'error', [Get('error')]);
Controller()(Routes);

class AppModule {}
Module({ controllers: [Routes] })(AppModule);

async function createNest() {
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.init();
  return app;
}

/** Servers of `node:http` that the frameworks' applications are behind, none of which listens. */
export const servers = {
  'an http.Server': () => createServer(handle),
  'Express 5': () => createServer(createExpress()),
  'Fastify 5': async (t) => {
    const app = createFastify();
    t.after(() => app.close());
    await app.ready();
    return app.server;
  },
  'Koa 3': () => createServer(createKoa().callback()),
  'Hono 4': () => {
    return createAdaptorServer({ fetch: createHono().fetch, overrideGlobalObjects: false });
  },
  NestJS: async (t) => {
    const app = await createNest();
    t.after(() => app.close());
    return app.getHttpServer();
  },
};

/**
 * By name: `create` makes what is mounted; `statusOfError` is what the framework itself makes of a
 * route that fails (503 is the sidecar's); `canWriteLate` says whether it lets a route write after
 * the end.
 */
export const applications = {
  'a handler of node:http': { create: () => handle, statusOfError: 503, canWriteLate: true },
  'an http.Server': { create: servers['an http.Server'], statusOfError: 503, canWriteLate: true },
  'an http.Server that listens too': {
    create(t) {
      const server = createServer(handle).listen(0, '127.0.0.1');
      t.after(() => server.close());
      return server;
    },
    statusOfError: 503,
    canWriteLate: true,
  },
  'a fetch-style handler': { create: () => fetchHandler, statusOfError: 503 },
  'Express 5': { create: createExpress, statusOfError: 500, canWriteLate: true },
  'Fastify 5': { create: servers['Fastify 5'], statusOfError: 500, canWriteLate: true },
  'Koa 3': { create: () => createKoa().callback(), statusOfError: 500, canWriteLate: true },
  'Hono 4': { create: createHono, statusOfError: 500 },
  'Hono 4 by @hono/node-server': {
    create: () => getRequestListener(createHono().fetch, { overrideGlobalObjects: false }),
    statusOfError: 500,
  },
  NestJS: { create: servers.NestJS, statusOfError: 500, canWriteLate: true },
};
