import { plainLine } from '../core/plain-text.ts';

/** What an error of the AWS SDK says, read without trusting its type. */
export interface ForeignError {
  /** AWS's code (`AccessDenied`), or the class of a local error (`TimeoutError`). */
  readonly name: string;
  /** Node's code of a network or TLS failure: `ECONNREFUSED`. */
  readonly nodeCode: string | undefined;
  readonly message: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** Where the socket wanted to go, when the error tells. */
  readonly address: string | undefined;
  readonly throttling: boolean;
}

/** Reads the parts of a foreign error that classification needs; its message cut to what is safe to show. */
export function readForeignError(cause: unknown): ForeignError {
  const error = asRecord(cause);
  const metadata = asRecord(error['$metadata']);
  const address = text(error['hostname']) ?? text(error['address']);
  const port = error['port'];
  return {
    name: plainLine(text(error['name']) ?? 'Error', MAX_NAME),
    nodeCode: text(error['code']),
    message: safeText(text(error['message']) ?? ''),
    status: typeof metadata['httpStatusCode'] === 'number' ? metadata['httpStatusCode'] : undefined,
    requestId: shownText(metadata['requestId']),
    address: address !== undefined && typeof port === 'number' ? `${address}:${port}` : address,
    throttling: asRecord(error['$retryable'])['throttling'] === true,
  };
}

/**
 * A stand-in for a foreign error, fit to travel as `cause`: the SDK's own may hold requests and, for a signature that
 * does not match, AWS's echo of the signed headers with the session token in it.
 */
export function safeCause(cause: unknown): Error {
  const { name, message, nodeCode } = readForeignError(cause);
  const copy = new Error(message === '' ? (nodeCode ?? name) : message);
  copy.name = name;
  return copy;
}

const MAX_LOOKED_AT = 8_000;
const MAX_SHOWN = 500;
const MAX_NAME = 120;

/** The first line, without anything that AWS echoes of the request, and of bounded length. */
export function safeText(message: string): string {
  const [line = ''] = message.slice(0, MAX_LOOKED_AT).split(/The Canonical String|The String-to-Sign/, 1);
  return plainLine(line, MAX_SHOWN);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function shownText(value: unknown): string | undefined {
  const given = text(value);
  return given === undefined ? undefined : plainLine(given, MAX_NAME);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
