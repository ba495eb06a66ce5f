import { settings } from '../../child.mjs';
import { runExternalServer } from '../external-server.mjs';

// One process without a master, so that one pid is all there is to measure and to end.
const createConfig = (port, folder) => `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  upstream hello {
    ${settings.ports.map((host) => `server 127.0.0.1:${host};`).join(' ')}
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://hello;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;

await runExternalServer(settings.command, createConfig, (file, folder) => {
  return ['-p', folder, '-c', file, '-e', 'stderr'];
});
