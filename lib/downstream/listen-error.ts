import { SidecarError } from '../base/errors.js';
import { formatAddress, type TcpAddress } from '../config/address.js';

/** Says which address could not be bound, why, and how to mend it. */
export function createListenError(
  name: string,
  configured: string,
  address: TcpAddress,
  cause: unknown,
): SidecarError {
  const code = (cause as NodeJS.ErrnoException).code;
  const bound = formatAddress(address);
  const where = bound === configured ? bound : `${bound} (configured as ${configured})`;
  const subject = name === configured ? 'listener' : `listener ${name}`;
  return new SidecarError(
    'SIDECAR_LISTEN_FAILED',
    `${subject} cannot listen on ${where}: ${explain(code, address)}`,
    { cause },
  );
}

function explain(code: string | undefined, address: TcpAddress): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use; stop what uses it, or bind elsewhere with the option listenOn';
    case 'EACCES':
      return `no permission for port ${address.port}; ports below 1024 need privileges, so bind elsewhere with the option listenOn`;
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; bind elsewhere with the option listenOn';
    default:
      return `the system says ${code ?? 'nothing more'}`;
  }
}
