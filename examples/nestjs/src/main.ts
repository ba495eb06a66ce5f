// A shop with NestJS whose calls go through a sidecar: see README.md.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { options } from './options.js';

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
// SIGTERM and SIGINT close the application, and the sidecar with it.
app.enableShutdownHooks();

const [host = '127.0.0.1', port] = options.listen.split(':');
await app.listen(Number(port), host);
console.log(`the shop serves on ${await app.getUrl()}/`);
