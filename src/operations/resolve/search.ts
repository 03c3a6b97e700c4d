import type { Access, AwsCredentials } from '../../auth/access.ts';
import { readForeignError } from '../../auth/foreign-error.ts';
import { type LookUps, lookUpsAs } from '../../auth/look-up.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { ConnectionOptions } from '../../manifest/options.gen.ts';

/** All that is under way while parts are looked up. */
export interface Search {
  readonly access: Access;
  readonly options: ConnectionOptions;
  readonly run: Run;
  /** Who asks, the likeliest first: the last role, and the identity itself. */
  readonly callers: readonly AwsCredentials[];
  readonly identity?: AwsCredentials;
  /** Why nobody can be asked. */
  readonly nobody?: string;
}

/** The last role's session and the identity's own credentials, as far as they can be had. */
export async function callersOf(access: Access, run: Run): Promise<Pick<Search, 'callers' | 'identity' | 'nobody'>> {
  if (access.plan.identity === undefined) return { callers: [], nobody: 'The connection names no identity for AWS' };
  const attempt = async (acquire: () => Promise<AwsCredentials>): Promise<AwsCredentials | string> => {
    try {
      return await acquire();
    } catch (error) {
      run.signal.throwIfAborted();
      return reasonOf(error);
    }
  };
  const identity = await attempt(() => access.identity(run));
  if (typeof identity === 'string') return { callers: [], nobody: identity };
  const role = await attempt(() => access.role(run));
  return { callers: typeof role === 'string' ? [identity] : [role, identity], identity };
}

/** The first caller that is let through answers; else the refusal of the likeliest one is thrown. */
export async function asAny<T>(
  { access, run, callers, nobody }: Search,
  ask: (lookUps: LookUps) => Promise<T>,
): Promise<T> {
  let first: unknown;
  for (const caller of callers) {
    try {
      return await ask(lookUpsAs(caller, { target: access.plan.aws, signal: run.signal, clock: access.clock }));
    } catch (error) {
      run.signal.throwIfAborted();
      first ??= error;
    }
  }
  throw first ?? noCaller(nobody);
}

/** Nobody can ask AWS. */
export function noCaller(why: string | undefined): ConnectorError {
  return new ConnectorError('RS_AUTH_NO_SOURCE', why ?? 'The connection has no credentials for AWS');
}

/** One line. */
export function reasonOf(error: unknown): string {
  if (error instanceof ConnectorError) return error.message.split('\n')[0] ?? error.message;
  const { name, message } = readForeignError(error);
  return message === '' ? name : `${name}: ${message}`;
}
