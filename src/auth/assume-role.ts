import { AssumeRoleCommand, type AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import type { RoleHop, SessionTag } from '../access/plan.ts';
import { CHAINED_MAX_SECONDS, chainedNote } from '../access/role-hops.ts';
import { ConnectorError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import type { AwsCredentials } from './access.ts';
import { type AwsWire, callAws, callFacts, openSts } from './aws-call.ts';
import type { AwsOperation } from './classify.ts';

/** Makes one hop. The credentials carry a note when their duration is less than was asked for. */
export type AssumeRole = (base: AwsCredentials, hop: RoleHop) => Promise<AwsCredentials>;

/**
 * Assumes roles over this wire. A wish of more than an hour from a role's session is cut before the call (the plan has
 * done so where it could know); a role whose own maximum is shorter is asked once more, for an hour, and from then on for
 * an hour at once.
 */
export function openRoleAssumer(wire: AwsWire): AssumeRole {
  const shortRoles = new Set<string>();

  return async (base, hop) => {
    const isChained = base.sessionToken !== undefined && hop.durationSeconds > CHAINED_MAX_SECONDS;
    if (isChained) {
      const note = chainedNote(hop.durationSeconds);
      return { ...(await assumeFor(CHAINED_MAX_SECONDS, base, hop, wire)), note };
    }
    if (!shortRoles.has(hop.roleArn)) {
      try {
        const credentials = await assumeFor(hop.durationSeconds, base, hop, wire);
        return hop.note === undefined ? credentials : { ...credentials, note: hop.note };
      } catch (error) {
        if (!isDurationRefusal(error) || hop.durationSeconds <= CHAINED_MAX_SECONDS) throw error;
      }
    }
    const credentials = await assumeFor(CHAINED_MAX_SECONDS, base, hop, wire);
    shortRoles.add(hop.roleArn);
    return { ...credentials, note: shorterRoleNote(hop) };
  };
}

function shorterRoleNote({ roleArn, durationSeconds }: RoleHop): string {
  return (
    `Session shortened from ${durationSeconds} s to ${CHAINED_MAX_SECONDS} s: the maximum session duration of ` +
    `${roleArn} is less than was asked for.`
  );
}

function isDurationRefusal(error: unknown): boolean {
  return error instanceof ConnectorError && error.details['durationRefused'] === true;
}

function tagParameters(tags: readonly SessionTag[]): Pick<AssumeRoleCommandInput, 'Tags' | 'TransitiveTagKeys'> {
  const transitive = tags.filter((tag) => tag.transitive).map(({ key }) => key);
  return {
    ...(tags.length === 0 ? {} : { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) }),
    ...(transitive.length === 0 ? {} : { TransitiveTagKeys: transitive }),
  };
}

async function assumeFor(
  durationSeconds: number,
  base: AwsCredentials,
  hop: RoleHop,
  wire: AwsWire,
): Promise<AwsCredentials> {
  const operation: AwsOperation = {
    action: 'sts:AssumeRole',
    hop,
    ...callFacts(wire, 'sts', base),
  };
  const sts = openSts(wire.target, base);
  const command = new AssumeRoleCommand({
    RoleArn: hop.roleArn,
    RoleSessionName: hop.sessionName,
    DurationSeconds: durationSeconds,
    ...(hop.externalId === undefined ? {} : { ExternalId: hop.externalId }),
    ...(hop.sourceIdentity === undefined ? {} : { SourceIdentity: hop.sourceIdentity }),
    ...(hop.sessionPolicy === undefined ? {} : { Policy: hop.sessionPolicy }),
    ...tagParameters(hop.sessionTags ?? []),
  });
  const { Credentials: keys, AssumedRoleUser: user } = await callAws(wire, operation, sts, (options) =>
    sts.send(command, options),
  );
  if (keys?.AccessKeyId === undefined || keys.SecretAccessKey === undefined || keys.SessionToken === undefined) {
    throw new ConnectorError('RS_AWS_FAILED', `${operation.host} answered sts:AssumeRole without credentials`, {
      action: 'Check what answers at this endpoint.',
      details: { host: operation.host, roleArn: hop.roleArn },
    });
  }
  return {
    accessKeyId: keys.AccessKeyId,
    secretAccessKey: new Secret(keys.SecretAccessKey),
    sessionToken: new Secret(keys.SessionToken),
    ...(keys.Expiration === undefined ? {} : { expiresAt: keys.Expiration }),
    principalArn: user?.Arn ?? hop.roleArn,
    account: hop.account,
    source: 'sts:AssumeRole',
  };
}
