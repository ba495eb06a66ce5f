// Loaded into every process that the demo starts (node --import), so that none outlives it: the
// channel to the demo closes when the demo lets go of it, and also when the demo is killed.
process.once('disconnect', () => process.exit());
// The channel alone must not keep a process alive that is done.
process.channel?.unref();
