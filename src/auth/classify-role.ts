import type { RoleHop } from '../access/plan.ts';
import type { Verdict } from './classify.ts';
import type { ForeignError } from './foreign-error.ts';

/** What AWS refuses of an `sts:AssumeRole` that is allowed: its duration, its session policy, its tags. */
export function roleRequestRefused(error: ForeignError, hop: RoleHop): Verdict | undefined {
  return durationRefused(error, hop) ?? sessionPolicyRefused(error, hop);
}

/** The role's own maximum, or the one hour of chaining, is shorter than what was asked for. */
function durationRefused(error: ForeignError, { id, roleArn, durationSeconds }: RoleHop): Verdict | undefined {
  if (error.name !== 'ValidationError' || !/DurationSeconds exceeds/.test(error.message)) return undefined;
  return {
    code: 'RS_CONFIG_INVALID',
    message: `${roleArn} cannot be assumed for ${durationSeconds} s`,
    action: `Lower ${optionOf(id, 'roleDurationSeconds', 'durationSeconds')}, or raise the role's maximum session duration.`,
    facts: { roleArn, durationRefused: true },
  };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors */
function sessionPolicyRefused(error: ForeignError, { id, roleArn }: RoleHop): Verdict | undefined {
  const option = optionOf(id, 'sessionPolicy', 'sessionPolicy');
  if (/^MalformedPolicyDocument(Exception)?$/.test(error.name)) {
    return {
      code: 'RS_CONFIG_INVALID',
      message: `The session policy for ${roleArn} is not a policy that AWS takes: ${error.message}`,
      action: `Correct ${option}: the IAM console shows the place of an error when the text is pasted into its policy editor.`,
      facts: { roleArn, field: option },
    };
  }
  if (/^PackedPolicyTooLarge(Exception)?$/.test(error.name)) {
    return {
      code: 'RS_CONFIG_INVALID',
      message: `Session policy and tags for ${roleArn} are together more than AWS packs into a session: ${error.message}`,
      action: `Shorten ${option}, or give fewer or shorter ${optionOf(id, 'sessionTags', 'sessionTags')}: tags that earlier roles hand on count as well.`,
      facts: { roleArn, field: option },
    };
  }
  return undefined;
}

/** The option that a hop took a value from: of the connection, or of one of its intermediate roles. */
function optionOf(hopId: string, option: string, field: string): string {
  const number = /^intermediate-(\d+)$/.exec(hopId)?.[1];
  return number === undefined ? option : `intermediateRoles[${Number(number) - 1}].${field}`;
}
