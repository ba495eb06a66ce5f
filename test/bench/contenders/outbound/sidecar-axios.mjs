import axios from 'axios';
import { serveCaller } from './caller.mjs';
import { startOutboundSidecar, url } from './sidecar.mjs';

const sidecar = await startOutboundSidecar();
const client = axios.create({ httpAgent: sidecar.agent, proxy: false });

serveCaller(async () => {
  const { status, data } = await client.get(url);
  return { statusCode: status, text: data };
});
