import { type ContextValues, refusalMessage } from '../iam/authorizer.ts';
import type { IamDirectory } from '../iam/directory.ts';
import type { AccountState, IamState } from '../iam/state.ts';
import { accessDenied, type QueryCall, QueryFailure, validationError } from './query.ts';
import type { XmlContent, XmlElements } from './xml.ts';

/** One call of the IAM API: it reads and changes the account of whoever asks. */
export interface IamCall extends QueryCall {
  readonly partition: string;
  readonly state: IamState;
  readonly account: AccountState;
  readonly now: Date;
  save(account: AccountState): void;
}

export type IamAction = readonly [name: string, run: (call: IamCall) => XmlElements];

export const noSuchEntity = (message: string): QueryFailure => new QueryFailure('NoSuchEntity', 404, message);
export const alreadyExists = (message: string): QueryFailure => new QueryFailure('EntityAlreadyExists', 409, message);
export const deleteConflict = (message: string): QueryFailure => new QueryFailure('DeleteConflict', 409, message);
export const limitExceeded = (message: string): QueryFailure => new QueryFailure('LimitExceeded', 409, message);

export function openIamCall(call: QueryCall, directory: IamDirectory, now: number): IamCall {
  const state = directory.current();
  const account = state.get(call.principal.account);
  if (!account) throw accessDenied(`There is no account ${call.principal.account} in this world`);
  return {
    ...call,
    partition: directory.partition,
    state,
    account,
    now: new Date(Math.floor(now / 1000) * 1000),
    save: (next) => directory.change(next),
  };
}

/** Throws `AccessDenied` unless the caller may do this to that. */
export function demand(call: IamCall, resource: string, context: ContextValues = {}): void {
  const { principal } = call;
  const request = { principal, action: `iam:${call.action}`, resource };
  const decision = call.authorize({ ...request, region: call.region, context });
  if (!decision.allowed) throw accessDenied(refusalMessage(request, decision));
}

/** `arn:aws:iam::111122223333:user/team/ann`. */
export function iamArn(call: IamCall, kind: string, path: string, name: string): string {
  return `arn:${call.partition}:iam::${call.account.id}:${kind}${path}${name}`;
}

const memberOf = (name: string): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}`;

function constraint(name: string, value: string, rule: string): QueryFailure {
  return validationError(
    `1 validation error detected: Value ${value} at '${memberOf(name)}' failed to satisfy constraint: Member must ${rule}`,
  );
}

/** A parameter that must be there. */
export function needed(call: IamCall, name: string): string {
  const value = call.parameters.get(name);
  if (value === undefined || value === '') throw constraint(name, 'null', 'not be null');
  return value;
}

/** A name that must be there: letters, digits and `+=,.@_-`. */
export function neededName(call: IamCall, name: string, maxLength: number): string {
  const value = needed(call, name);
  if (value.length > maxLength) {
    throw constraint(name, `'${value}'`, `have length less than or equal to ${maxLength}`);
  }
  if (!/^[\w+=,.@-]+$/.test(value)) {
    throw validationError(
      `The specified value for ${memberOf(name)} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
  }
  return value;
}

export function pathParameter(call: IamCall): string {
  const path = call.parameters.get('Path') ?? '/';
  if (!/^\/(?:[!-.0-~]+\/)*$/.test(path) || path.length > 512) {
    throw validationError(
      'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
    );
  }
  return path;
}

export function tagsParameter(call: IamCall): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (let number = 1; ; number++) {
    const key = call.parameters.get(`Tags.member.${number}.Key`);
    if (key === undefined) return tags;
    tags[key] = call.parameters.get(`Tags.member.${number}.Value`) ?? '';
  }
}

/** Tags as conditions see them: those asked for, and those that the thing has. */
export function tagContext(
  asked: Readonly<Record<string, string>>,
  held: Readonly<Record<string, string>> = {},
): ContextValues {
  const keys = Object.keys(asked);
  return {
    ...Object.fromEntries(Object.entries(asked).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...Object.fromEntries(Object.entries(held).map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
    ...Object.fromEntries(Object.entries(held).map(([key, value]) => [`iam:ResourceTag/${key}`, value])),
    'aws:TagKeys': keys.length > 0 ? keys : undefined,
  };
}

/** The items of one page, by `MaxItems` and `Marker`, and what an answer says of the rest. */
export function pageOf<T>(
  call: IamCall,
  items: readonly T[],
): { readonly shown: readonly T[]; readonly rest: XmlElements } {
  const max = Number(call.parameters.get('MaxItems') ?? '100');
  if (!Number.isInteger(max) || max < 1 || max > 1000) {
    throw constraint('MaxItems', `'${max}'`, 'have value between 1 and 1000');
  }
  const marker = call.parameters.get('Marker');
  const from = marker === undefined ? 0 : Number(Buffer.from(marker, 'base64url').toString());
  if (!Number.isInteger(from) || from < 0) throw validationError(`Invalid Marker: ${marker}`);
  const isTruncated = from + max < items.length;
  return {
    shown: items.slice(from, from + max),
    rest: {
      IsTruncated: isTruncated,
      ...(isTruncated && { Marker: Buffer.from(String(from + max)).toString('base64url') }),
    },
  };
}

/** One page of a list, as an answer has it. */
export function page<T>(call: IamCall, items: readonly T[], list: string, show: (item: T) => XmlContent): XmlElements {
  const { shown, rest } = pageOf(call, items);
  return { [list]: { member: shown.map(show) }, ...rest };
}

/** Those below `PathPrefix` by name, for a list that the caller may see. */
export function belowPrefix<T extends { readonly path: string; readonly name: string }>(
  call: IamCall,
  kind: 'user' | 'role',
  all: Iterable<T>,
): readonly T[] {
  const prefix = call.parameters.get('PathPrefix') ?? '/';
  demand(call, iamArn(call, kind, prefix, ''));
  return [...all].filter(({ path }) => path.startsWith(prefix)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A time as IAM writes it: whole seconds. */
export const shownTime = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** A policy document as IAM answers it: percent-encoded by RFC 3986. */
export function shownDocument(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

export const shownTags = (tags: Readonly<Record<string, string>>): XmlContent =>
  Object.keys(tags).length === 0 ? undefined : { member: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };

export const shownBoundary = (arn: string | undefined): XmlContent =>
  arn === undefined ? undefined : { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: arn };
