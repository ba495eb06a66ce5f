/**
 * A program whose sidecar watches a tree of runtime values, for tests of when it ends. The argument
 * is the symbolic link. It never closes the sidecar, and ends by itself.
 */
import { createSidecar } from '../../lib/index.js';
import { adminAddress } from './config-builder.js';

const sidecar = await createSidecar({
  config: {
    listeners: [],
    admin: { access_log_path: '/dev/null', address: adminAddress },
    cluster_manager: { clusters: [] },
    runtime: { symlink_root: String(process.argv[2]), subdirectory: 'envoy' },
  },
  listenOn: { [adminAddress]: 'tcp://127.0.0.1:0' },
});
process.stdout.write(`${sidecar.runtime.get('a')}\n`);
