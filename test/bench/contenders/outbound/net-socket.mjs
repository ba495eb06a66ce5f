/**
 * The least that a call can cost here: bytes made beforehand, on sockets of Node.js that stay open.
 * Of the response no more is looked at than its end.
 */

import { connect } from 'node:net';
import { settings } from '../../child.mjs';
import { helloBody, helloRequest } from '../../hello.mjs';
import { serveCaller } from './caller.mjs';

const idle = [];

function openConnection() {
  const connection = { socket: undefined, resolve: undefined, reject: undefined };
  const socket = connect({ host: '127.0.0.1', port: settings.ports[0], noDelay: true });
  connection.socket = socket;
  socket.on('data', (chunk) => {
    const text = chunk.latin1Slice(chunk.length - helloBody.length);
    idle.push(connection);
    connection.resolve({ statusCode: 200, text });
  });
  socket.on('error', (error) => connection.reject(error));
  return connection;
}

serveCaller(() => {
  return new Promise((resolve, reject) => {
    const connection = idle.pop() ?? openConnection();
    connection.resolve = resolve;
    connection.reject = reject;
    connection.socket.write(helloRequest, 'latin1');
  });
});
