import { SidecarError } from '../base/errors.js';
import { parseHostPort } from '../config/address.js';

/** Where a server is to listen. */
export interface ListenAddress {
  /** `undefined` means every address of the machine. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Reads `host:port`, `[ipv6]:port` or `:port`; throws `SidecarError` for anything else. */
export function parseListenAddress(text: string): ListenAddress {
  const isAnyHost = text.startsWith(':');
  const { address, problem } = parseHostPort(isAnyHost ? `0.0.0.0${text}` : text);
  if (address === undefined) {
    throw new SidecarError('SIDECAR_OPTION_INVALID', problem);
  }
  return { host: isAnyHost ? undefined : address.host, port: address.port };
}
