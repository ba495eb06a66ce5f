/**
 * The hosts of the clusters, in a process of their own: what they hold in memory must not count as
 * that of a client. They answer questions about themselves over the channel to their parent.
 */

import { createServer } from 'node:http';

const piece = Buffer.alloc(64 * 1024, 'x');
const names = ['app', 'other', 'kept', 'flaky', 'sick'];

const state = {
  /** How many connections each host has been given so far. */
  connections: Object.fromEntries(names.map((name) => [name, 0])),
  /** How many requests wait for an answer that never comes, and how many of those have been left. */
  waiting: 0,
  left: 0,
  /** Bytes of the last `/download` that have left this process, and of the last `/upload` read. */
  sent: 0,
  received: 0,
  /** Whether an upload has begun that is not to be read yet. */
  isUploading: false,
  /** WebSockets that are open. */
  open: 0,
};
/** The upload that is not read before the parent says so. */
let upload;

const pages = {
  '/echo': (name, request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      const { method, url } = request;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ host: name, method, url, body }));
    });
  },

  '/redirect': (_name, _request, response) => {
    response.writeHead(302, { location: 'http://other/echo?from=app' }).end();
  },

  '/hang': (_name, _request, response) => {
    state.waiting += 1;
    response.on('close', () => {
      state.left += 1;
    });
  },

  '/download': (_name, request, response) => {
    let rest = Number(new URL(request.url, 'http://host').searchParams.get('pieces'));
    state.sent = 0;
    response.writeHead(200, { 'content-length': rest * piece.length });
    const write = () => {
      let hasRoom = true;
      while (hasRoom && rest > 0) {
        rest -= 1;
        hasRoom = response.write(piece, () => {
          state.sent += piece.length;
        });
      }
      if (rest === 0) response.end();
    };
    response.on('drain', write);
    write();
  },

  '/upload': (name, request, response) => {
    state.received = 0;
    state.isUploading = true;
    upload = () => {
      state.isUploading = false;
      request.on('data', ({ length }) => {
        state.received += length;
      });
      request.on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ host: name, received: state.received }));
      });
    };
  },
};

/** What a host answers to all else: one fails its health checks, and one refuses Socket.IO. */
const otherStatuses = { sick: 500, other: 403 };

const servers = names.map((name) =>
  createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://host');
    const page = name === 'sick' ? undefined : pages[pathname];
    if (page !== undefined) return page(name, request, response);
    response.writeHead(otherStatuses[name] ?? 404).end();
  }).on('connection', () => {
    state.connections[name] += 1;
  }),
);
if (process.argv.includes('--sockets')) {
  const { refuseSockets, serveSockets } = await import('./socket-servers.mjs');
  serveSockets(servers[names.indexOf('app')], state);
  refuseSockets(servers[names.indexOf('other')]);
}
await Promise.all(
  servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))),
);

process.on('message', ({ id, readUpload }) => {
  if (readUpload) {
    upload();
    upload = undefined;
  }
  process.send({ id, state });
});
process.on('disconnect', () => process.exit());
process.send({
  ports: Object.fromEntries(names.map((name, index) => [name, servers[index].address().port])),
});
