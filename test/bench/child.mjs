/** What the processes of the bench share: each says once that it is ready, then answers questions. */

/** What the parent told this process at its start. */
export const settings = JSON.parse(process.argv[2] ?? '{}');

// The process ends when its parent does, however that ends: a bench that was killed leaves nothing
// behind. What must be undone is undone in `process.on('exit')`, so this holds from the first moment.
process.on('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit());

/**
 * Tells the parent that this process is ready, and answers what it asks from then on.
 *
 * @param ready what the parent is told, such as the port
 * @param questions functions by name; each takes the question's input and returns its answer
 */
export function serve(ready, questions) {
  process.on('message', async ({ question, input }) => {
    try {
      process.send({ value: await questions[question](input) });
    } catch (error) {
      process.send({ failure: error.message });
    }
  });
  process.send({ value: ready });
}

/** Reports that something listens on `port` and, when asked, the CPU time that it has used. */
export function serveProxy(port, cpuMicros = ownCpuMicros) {
  serve({ port }, { cpuMicros });
}

/** Lets a `node:http` or `node:net` server listen on a free port of the loopback interface. */
export async function listen(server) {
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    // More connections than Node.js lets wait by default are opened at once.
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  return server.address().port;
}

/** CPU time of this process so far, user and system, all its threads. */
export function ownCpuMicros() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
