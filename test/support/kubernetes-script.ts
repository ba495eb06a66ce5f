/**
 * A program that only uses registrations from Kubernetes, for tests of when it ends. The first
 * argument is a directory that stands in for the root of the pod's file system; the second, how many
 * lists of hosts it waits for. It prints what it is told and ends by itself.
 */
import { systemClock } from '../../lib/base/clock.js';
import { systemRandom } from '../../lib/base/random.js';
import { createKubernetesRegistrations } from '../../lib/kubernetes/kubernetes-registrations.js';

const [, , serviceAccountPrefix, count] = process.argv;

const source = createKubernetesRegistrations(
  {},
  { clock: systemClock, random: systemRandom, serviceAccountPrefix },
);
let waiting = Number(count);
// The only thing that keeps the process alive: the watch goes on when it is gone.
const hold = setInterval(() => {}, 60_000);
source.subscribe('orders.default.svc.cluster.local', {
  onHosts: (hosts) => {
    process.stdout.write(`hosts ${hosts.map((host) => host.ip_address).join(' ')}\n`);
    waiting--;
    if (waiting <= 0) {
      clearInterval(hold);
    }
  },
  onFailure: (error) => {
    process.stdout.write(`failure ${error.message}\n`);
  },
});
if (waiting <= 0) {
  clearInterval(hold);
}
