import { Agent, request } from 'undici';
import { settings } from '../../child.mjs';
import { serveCaller } from './caller.mjs';

const url = `http://127.0.0.1:${settings.ports[0]}/`;
const dispatcher = new Agent();

serveCaller(async () => {
  const { statusCode, body } = await request(url, { dispatcher });
  return { statusCode, text: await body.text() };
});
