/** The servers of WebSockets and of Socket.IO on a host. */

import { Server } from 'socket.io';
import { WebSocketServer } from 'ws';

const maxLength = 16 * 1024 * 1024;

/** `state.open` counts the connections that are open. A message `close` closes one; others come back. */
export function serveSockets(server, state) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxLength });
  server.on('upgrade', (request, socket, head) => {
    // All else is for Socket.IO.
    if (request.url !== '/ws') return;
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened));
  });
  sockets.on('connection', (socket) => {
    state.open += 1;
    socket.on('error', () => {});
    socket.on('close', () => {
      state.open -= 1;
    });
    socket.on('message', (data) => {
      const text = data.toString();
      if (text === 'close') socket.close(1000, 'done');
      else socket.send(`echo ${text}`);
    });
  });
  const io = new Server(server, { maxHttpBufferSize: maxLength, destroyUpgrade: false });
  io.on('connection', (socket) => {
    state.open += 1;
    socket.on('disconnect', () => {
      state.open -= 1;
    });
    socket.on('message', (text) => {
      if (text === 'close') socket.disconnect(true);
      else socket.emit('message', `echo ${text}`);
    });
  });
}

/** Refuses every handshake. */
export function refuseSockets(server) {
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
}
