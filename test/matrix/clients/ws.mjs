import { Inbox } from '../support/inbox.mjs';

export const ws = {
  name: 'ws',
  package: 'ws',
  door: 'agent',
  usage: "new WebSocket('ws://orders/', { agent: sidecar.agent })",
  async create({ agent }) {
    const { WebSocket } = await import('ws');
    return {
      connect: (host) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`ws://${host}/ws`, { agent });
          const inbox = new Inbox();
          const closed = new Promise((done) => socket.on('close', done));
          socket.on('error', reject);
          socket.on('message', (data) => inbox.put(data.toString()));
          socket.on('open', () =>
            resolve({
              send: (text) => socket.send(text),
              receive: () => inbox.next(),
              close: () => socket.close(1000),
              abort: () => socket.terminate(),
              closed,
            }),
          );
        }),
    };
  },
};
