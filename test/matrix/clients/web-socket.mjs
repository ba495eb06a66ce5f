import { Inbox } from '../support/inbox.mjs';

/** What has the interface of a browser's WebSocket. */
function webSocket(name, load, more) {
  return {
    name,
    ...more,
    door: 'dispatcher',
    usage: "new WebSocket('ws://orders/', { dispatcher: sidecar.dispatcher })",
    cannot: { abort: 'It has no means to leave without a word.' },
    async create({ dispatcher }) {
      const WebSocket = await load();
      return {
        // As in a browser: it must not tell.
        hidesStatus: true,
        connect: (host) =>
          new Promise((resolve, reject) => {
            const socket = new WebSocket(`ws://${host}/ws`, { dispatcher });
            const inbox = new Inbox();
            const closed = new Promise((done) => socket.addEventListener('close', done));
            socket.addEventListener('error', () => reject(new Error('refused')));
            socket.addEventListener('message', ({ data }) => inbox.put(data));
            const connection = {
              send: (text) => socket.send(text),
              receive: () => inbox.next(),
              close: () => socket.close(1000),
              closed,
            };
            socket.addEventListener('open', () => resolve(connection));
          }),
      };
    },
  };
}

export const undiciWebSockets = [6, 7, 8].map((major) => {
  const name = `undici${major}`;
  const load = async () => (await import(name)).WebSocket;
  return webSocket(`undici ${major} \`WebSocket\``, load, { package: name });
});
export const builtInWebSocket = webSocket('built-in `WebSocket`', () => globalThis.WebSocket, {
  global: 'WebSocket',
});
