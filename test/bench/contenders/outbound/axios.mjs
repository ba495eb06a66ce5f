import { Agent } from 'node:http';
import axios from 'axios';
import { settings } from '../../child.mjs';
import { serveCaller } from './caller.mjs';

const url = `http://127.0.0.1:${settings.ports[0]}/`;
const client = axios.create({ httpAgent: new Agent({ keepAlive: true }), proxy: false });

serveCaller(async () => {
  const { status, data } = await client.get(url);
  return { statusCode: status, text: data };
});
