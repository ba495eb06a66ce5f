// The edge: one front door for all replicas of a service, which it finds by service discovery.
//
// The same as the command
//
//   pillion -c envoy.json --service-cluster edge \
//     --listen-on tcp://0.0.0.0:80=tcp://127.0.0.1:8080 \
//     --listen-on tcp://0.0.0.0:8001=tcp://127.0.0.1:8001 \
//     --connect-to kubernetes-envoy-sds.kube-system:80:127.0.0.1:9080
//
// as a library, for a program that wants to do more.
//
//   node edge.js --discovery 127.0.0.1:9080
//   curl -H 'Host: foo.com' http://127.0.0.1:8080/
import { parseArgs } from 'node:util';
import { createSidecar } from 'pillion';

const { values: options } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    admin: { type: 'string', default: '127.0.0.1:8001' },
    discovery: { type: 'string', default: '127.0.0.1:9080' },
  },
});

const sidecar = await createSidecar({
  config: new URL('./envoy.json', import.meta.url),
  serviceCluster: 'edge',
  // The file says port 80 and every address; here an ordinary user may start it.
  listenOn: {
    'tcp://0.0.0.0:80': `tcp://${options.listen}`,
    'tcp://0.0.0.0:8001': `tcp://${options.admin}`,
  },
  // The file names the discovery service as it is known inside Kubernetes.
  connectTo: { 'kubernetes-envoy-sds.kube-system:80': options.discovery },
});

async function stop() {
  await sidecar.drain();
  await sidecar.close({ timeoutMs: 10_000 });
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);

console.log(`the edge serves on ${options.listen}`);
