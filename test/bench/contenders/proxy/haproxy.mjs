import { settings } from '../../child.mjs';
import { runExternalServer } from '../external-server.mjs';

const createConfig = (port) => `
global
  nbthread 1
  maxconn 1024
defaults
  mode http
  http-reuse always
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend listener
  bind 127.0.0.1:${port}
  default_backend hello
backend hello
  balance roundrobin
  ${settings.ports.map((host) => `server host-${host} 127.0.0.1:${host}`).join('\n  ')}
`;

await runExternalServer(settings.command, createConfig, (file) => ['-db', '-f', file]);
