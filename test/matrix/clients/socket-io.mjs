import { Inbox } from '../support/inbox.mjs';

/** Returns what a failure to connect was, with the status where that is known. */
function failure({ message, description }) {
  // A status by polling, an event with an error by WebSocket.
  const cause = description?.message ?? description?.error?.message ?? description;
  return new Error(`${message}: ${cause}`);
}

function socketIo(transports) {
  return {
    name: `socket.io-client (${transports.join(', ')})`,
    package: 'socket.io-client',
    door: 'agent',
    usage: "io('http://orders', { agent: sidecar.agent })",
    async create({ agent }) {
      const { io } = await import('socket.io-client');
      return {
        connect: (host) =>
          new Promise((resolve, reject) => {
            const options = { agent, transports, forceNew: true, reconnection: false };
            const socket = io(`http://${host}`, options);
            const inbox = new Inbox();
            const closed = new Promise((done) => socket.on('disconnect', done));
            socket.on('connect_error', (error) => reject(failure(error)));
            socket.on('message', (text) => inbox.put(text));
            const connection = {
              send: (text) => socket.emit('message', text),
              receive: () => inbox.next(),
              close: () => socket.disconnect(),
              abort: () => socket.io.engine.transport.ws.terminate(),
              closed,
            };
            socket.on('connect', () => {
              const { engine } = socket.io;
              if (engine.transport.name === transports.at(-1)) resolve(connection);
              else engine.on('upgrade', () => resolve(connection));
            });
          }),
      };
    },
  };
}

export const socketIos = [socketIo(['websocket']), socketIo(['polling', 'websocket'])];
