import { Pool } from 'undici';
import { settings } from '../../child.mjs';
import { serveCaller } from './caller.mjs';

// Bound to one host, it parses no URL and looks nothing up: the least that undici can cost.
const pool = new Pool(`http://127.0.0.1:${settings.ports[0]}`);

serveCaller(async () => {
  const { statusCode, body } = await pool.request({ method: 'GET', path: '/' });
  return { statusCode, text: await body.text() };
});
