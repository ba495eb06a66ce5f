import { settings } from '../../child.mjs';
import { serveCaller } from './caller.mjs';

const url = `http://127.0.0.1:${settings.ports[0]}/`;

serveCaller(async () => {
  const response = await fetch(url);
  return { statusCode: response.status, text: await response.text() };
});
