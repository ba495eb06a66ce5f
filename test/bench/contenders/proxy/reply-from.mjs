import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';
import { serveProxy, settings } from '../../child.mjs';

const server = fastify();
// Several bases make it balance over them.
server.register(replyFrom, {
  base: settings.ports.map((port) => `http://127.0.0.1:${port}`),
  disableRequestLogging: true,
});
server.get('/*', (request, reply) => reply.from(request.url));
await server.listen({ port: 0, host: '127.0.0.1' });
serveProxy(server.server.address().port);
