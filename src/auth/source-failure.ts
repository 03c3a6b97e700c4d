/** Known ways in which a source of credentials fails: `docs/errors.md` has evidence and mend of each. */
export const SOURCE_TRAPS = [
  'noMetadata',
  'hopLimit',
  'metadataDisabled',
  'notImdsV2',
  'noRoleAttached',
  'instanceProfileBroken',
  'roleUnusable',
  'profileMissing',
  'profileBroken',
  'profileMfa',
  'processFailed',
] as const;

/** Stands in the details of RS_AUTH_NO_SOURCE as `trap`. */
export type SourceTrap = (typeof SOURCE_TRAPS)[number];

/** A source of credentials that gave none, where it is known why and what mends it. Its texts hold no secret. */
export class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
  readonly trap: SourceTrap;
  /** One or two imperative sentences, which may hold a command to run; none where the machine is no AWS one. */
  readonly mend: string | undefined;

  constructor(trap: SourceTrap, message: string, mend?: string) {
    super(message);
    this.trap = trap;
    this.mend = mend;
  }
}
