import { RedshiftClient } from '@aws-sdk/client-redshift';
import { RedshiftServerlessClient } from '@aws-sdk/client-redshift-serverless';
import { STSClient } from '@aws-sdk/client-sts';
import type { AwsTarget } from '../access/plan.ts';
import { type AwsClock, type WatchedClient, watchAwsClock } from '../core/aws-clock.ts';
import { defined } from '../core/defined.ts';
import { ConnectorError, type ErrorCode } from '../core/errors.ts';
import { publishOnChannel, type RequestEvent } from '../core/events.ts';
import { AWS_CALL_LIMITS, type RetryLimits, retry } from '../core/retry.ts';
import type { AwsCredentials } from './access.ts';
import { callHandler } from './aws-handler.ts';
import { type AwsOperation, type CallFacts, classifyAwsError } from './classify.ts';

/** What every AWS call of ours needs: where to ask, and when to stop. */
export interface AwsWire {
  readonly target: AwsTarget;
  readonly signal: AbortSignal;
  /** How often and how long a call is tried. Default: `AWS_CALL_LIMITS`. */
  readonly limits?: RetryLimits | undefined;
  /** Calls are signed by it, and their answers read into it. Absent: by the machine's clock. */
  readonly clock?: AwsClock | undefined;
}

type KeyPair = Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>;

function clientConfig(target: AwsTarget, endpoint: string | undefined, keys: KeyPair) {
  const { region } = target;
  return {
    ...defined({ region, endpoint }),
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey.reveal(),
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken.reveal() }),
    },
    maxAttempts: 1, // core/retry.ts decides; two retry layers multiply
    requestHandler: callHandler(target),
  };
}

/** A client for one piece of work: the caller destroys it. Redirects are never followed. */
export function openSts(target: AwsTarget, keys: KeyPair): STSClient {
  return new STSClient(clientConfig(target, target.stsEndpoint, keys));
}

/** A client for one piece of work: the caller destroys it. Redirects are never followed. */
export function openRedshift(target: AwsTarget, keys: KeyPair): RedshiftClient {
  return new RedshiftClient(clientConfig(target, target.redshiftEndpoint, keys));
}

/** A client for one piece of work: the caller destroys it. Redirects are never followed. */
export function openRedshiftServerless(target: AwsTarget, keys: KeyPair): RedshiftServerlessClient {
  return new RedshiftServerlessClient(clientConfig(target, target.redshiftServerlessEndpoint, keys));
}

/** One AWS call with its retries (throttling, network, AWS's own failures) and its errors made ours. */
export async function callAws<T>(
  { target, signal, limits = AWS_CALL_LIMITS, clock }: AwsWire,
  operation: AwsOperation,
  client: WatchedClient & { destroy(): void },
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  // The HTTP handler's own limits come first and name the host; this one only backs them up.
  const backed = { ...limits, attemptMs: target.connectTimeoutMs + target.timeoutMs * 2 + 500 };
  if (clock !== undefined) watchAwsClock(client, clock);
  try {
    return await retry({ signal, publish: publishOnChannel }, backed, async (abortSignal) => {
      const tell = openTell(operation);
      try {
        const answer = await onceMoreByAwsTime(() => send({ abortSignal }));
        tell();
        return answer;
      } catch (cause) {
        const error = abortSignal.aborted ? cause : classifyAwsError(cause, operation);
        tell(error instanceof ConnectorError ? error.code : undefined);
        throw error;
      }
    });
  } finally {
    client.destroy();
  }
}

/** Callers share what is asked here, so that it belongs to none of their runs. */
function openTell({ action: name }: AwsOperation): (errorCode?: ErrorCode) => void {
  const [service, action = ''] = name.split(':');
  const startedMs = performance.now();
  return (errorCode) =>
    publishOnChannel({
      type: 'request',
      service: service as RequestEvent['service'],
      action,
      durationMs: performance.now() - startedMs,
      ...defined({ errorCode }),
    });
}

/** The first answer to a machine whose clock is off refuses the signature and tells the time: the client signs by that then. */
async function onceMoreByAwsTime<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (cause) {
    const { $metadata: metadata } = Object(cause) as { readonly $metadata?: { readonly clockSkewCorrected?: boolean } };
    if (metadata?.clockSkewCorrected !== true) throw cause;
    return send();
  }
}

/** What a call to a service knows about itself, for messages. */
export function callFacts(
  { target }: AwsWire,
  service: AwsService,
  { source, principalArn }: Pick<AwsCredentials, 'source' | 'principalArn'>,
): CallFacts {
  return { host: serviceHost(target, service), source, callerArn: principalArn };
}

/** A service of AWS that getting in asks, by the first part of its host name. */
export type AwsService = 'sts' | 'redshift' | 'redshift-serverless';

const ENDPOINTS = {
  sts: 'stsEndpoint',
  redshift: 'redshiftEndpoint',
  'redshift-serverless': 'redshiftServerlessEndpoint',
} as const satisfies Record<AwsService, keyof AwsTarget>;

/** The host that answers for a service. */
export function serviceHost(target: AwsTarget, service: AwsService): string {
  const endpoint = target[ENDPOINTS[service]];
  if (endpoint !== undefined) return new URL(endpoint).host;
  const suffix = target.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `${service}.${target.region ?? 'us-east-1'}.${suffix}`;
}
