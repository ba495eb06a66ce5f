import { Agent, get } from 'node:http';
import { settings } from '../../child.mjs';
import { serveCaller } from './caller.mjs';

const url = `http://127.0.0.1:${settings.ports[0]}/`;
const agent = new Agent({ keepAlive: true });

function readText(response, resolve, reject) {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk) => {
    text += chunk;
  });
  response.on('end', () => resolve({ statusCode: response.statusCode, text }));
  response.on('error', reject);
}

serveCaller(() => {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => readText(response, resolve, reject)).on('error', reject);
  });
});
