import { defined } from '../core/defined.ts';
import type { Secret } from '../core/secret.ts';
import { isRefusedEarly } from './classify.ts';

/** Credentials as the graph yields them, which also renews them. */
export interface StagingCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/** Yields credentials; `rejected` are those that S3 refused before their end, and others are wanted. */
export type StagingProvider = (rejected?: StagingCredentials) => Promise<StagingCredentials>;

/**
 * Sends a request to S3, and once more with other credentials when these are refused before their end: by a revoked
 * session above all. `provider` must yield what the client signs with.
 */
export async function onceMoreWithOthers<T>(
  provider: StagingProvider,
  signal: AbortSignal,
  send: () => Promise<T>,
): Promise<T> {
  const used = await provider();
  try {
    return await send();
  } catch (cause) {
    if (signal.aborted || !isRefusedEarly(cause)) throw cause;
    const { accessKeyId } = await provider(used);
    if (accessKeyId === used.accessKeyId) throw cause;
    return await send();
  }
}

/** Past any time: the client asks for credentials before each request, so that they are cached in one place only. */
const ALWAYS_ASK = new Date(0);

/** Credentials as the S3 client takes them. The one place where staging hands secrets to the wire. */
export function revealFor({ accessKeyId, secretAccessKey, sessionToken }: StagingCredentials) {
  return defined({
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    sessionToken: sessionToken?.reveal(),
    expiration: ALWAYS_ASK,
  });
}
