import { type ChildProcess, spawn } from 'node:child_process';
import { Secret } from '../core/secret.ts';
import type { Environment, SourceCredentials } from './identity-sources.ts';
import { SourceFailure } from './source-failure.ts';

const MAX_OUTPUT_BYTES = 65_536;
/** Some ask a person; the whole source has no more than 30 s. */
const RUN_LIMIT_MS = 25_000;

/**
 * Runs a profile's credential_process, as its shell would, and reads the keys that it prints. It is ended, with all that
 * it started, when it takes too long or says too much. What it prints, its command and its own errors go nowhere: any may
 * hold secrets. https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export async function runCredentialProcess(
  command: string,
  { environment, signal }: { readonly environment: Environment; readonly signal: AbortSignal },
): Promise<SourceCredentials> {
  const limit = AbortSignal.timeout(RUN_LIMIT_MS);
  const output = await outputOf(command, environment, AbortSignal.any([signal, limit])).catch((error: unknown) => {
    signal.throwIfAborted();
    throw limit.aborted ? failed(`gave no answer within ${RUN_LIMIT_MS / 1000} s`) : error;
  });
  return readOutput(output);
}

function outputOf(command: string, environment: Environment, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the shell started ends with it.
    const child = spawn(command, {
      shell: true,
      detached: true,
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const parts: Buffer[] = [];
    let bytes = 0;
    const stop = (reason: Error): void => {
      endGroup(child);
      child.stdout.destroy(); // what left the group may hold the other end open
      reject(reason);
    };
    const onAbort = (): void => stop(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > MAX_OUTPUT_BYTES) stop(failed('printed more than credentials'));
      else parts.push(part);
    });
    child.once('error', () => stop(failed('cannot be started')));
    child.once('close', (code, ended) => {
      signal.removeEventListener('abort', onAbort);
      if (code === 0) resolve(Buffer.concat(parts).toString('utf8'));
      else reject(failed(code === null ? `was ended by ${ended ?? 'a signal'}` : `ended with status ${code}`));
    });
  });
}

/** The shell may have ended before what it started. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return; // all of it ended meanwhile
    throw error;
  }
}

function readOutput(output: string): SourceCredentials {
  const fields = fieldsOf(output);
  const { Version: version, AccessKeyId: id, SecretAccessKey: key, SessionToken: token, Expiration: end } = fields;
  if (version !== 1 || typeof id !== 'string' || typeof key !== 'string') {
    throw failed('printed something else than credentials (JSON with Version 1, AccessKeyId and SecretAccessKey)');
  }
  const expiresAt = typeof end === 'string' ? new Date(end) : undefined;
  if (expiresAt !== undefined && Number.isNaN(expiresAt.getTime()))
    throw failed('printed an Expiration that is no time');
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(key),
    ...(typeof token === 'string' ? { sessionToken: new Secret(token) } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function fieldsOf(output: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(output));
  } catch (error) {
    if (error instanceof SyntaxError) throw failed('printed something that is not JSON');
    throw error;
  }
}

function failed(how: string): SourceFailure {
  const mend =
    "Run the profile's credential_process by hand, as the agent's user: it has to print credentials and nothing else.";
  return new SourceFailure('processFailed', `its credential_process ${how}`, mend);
}
