import { type LookupAddress, lookup as resolveName } from 'node:dns';
import { isIP, type LookupFunction, Socket } from 'node:net';
import { ConnectorError } from '../core/errors.ts';

/** Says no to an address by throwing RS_CONFIG_FORBIDDEN. */
export type AddressCheck = (address: string, host: string) => void;

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Time for one of several addresses of a name before the next one is tried. */
const NEXT_ADDRESS_MS = 1_000;

/**
 * A socket that connects to where it was aimed, whatever host its user names, and only to addresses that the check has
 * passed: a name is resolved once, and the addresses that were checked are the ones connected to.
 */
export class CheckedSocket extends Socket {
  readonly #check: AddressCheck;
  #destination: Destination | undefined;

  constructor(check: AddressCheck) {
    super();
    this.#check = check;
  }

  aim(destination: Destination): void {
    this.#destination = destination;
  }

  override connect(): this {
    const destination = this.#destination;
    if (!destination) throw new ConnectorError('RS_INTERNAL', 'A socket was connected before it had a destination');
    const { host } = destination;
    if (isIP(host) !== 0) {
      try {
        this.#check(host, host);
      } catch (error) {
        return this.destroy(error as Error);
      }
    }
    return super.connect({
      ...destination,
      lookup: checkedLookup(this.#check),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    });
  }
}

/** Name resolution that fails when any address of the name is refused. */
function checkedLookup(check: AddressCheck): LookupFunction {
  return (host, options, callback) => {
    resolveName(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      try {
        for (const { address } of addresses) check(address, host);
      } catch (refusal) {
        return callback(refusal as Error, []);
      }
      const [first] = addresses satisfies LookupAddress[];
      if (options.all || !first) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}
