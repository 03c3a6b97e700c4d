import type { PolicyDocument } from './document.ts';

/** Any object of a JSON file. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Twice of what the longest policy may have, that of a key. */
const MAX_CHARACTERS = 65_536;

/**
 * A policy document as an object, as text, or as text for a URL: IAM gives each of them somewhere. Undefined for all that
 * IAM would not take as one, as far as the evaluator relies on it.
 */
export function readDocument(value: unknown): PolicyDocument | undefined {
  if (typeof value === 'string') {
    try {
      const json: unknown = JSON.parse(value.startsWith('%7B') ? decodeURIComponent(value) : value);
      return isJson(json) ? readDocument(json) : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof URIError) return undefined;
      throw error;
    }
  }
  if (!isJson(value) || JSON.stringify(value).length > MAX_CHARACTERS) return undefined;
  const { Statement } = value as { readonly Statement?: unknown };
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  return statements.every(isStatement) ? (value as unknown as PolicyDocument) : undefined;
}

const ELEMENTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  Effect: (value) => value === 'Allow' || value === 'Deny',
  Sid: (value) => value === undefined || typeof value === 'string',
  Action: isMaybe(areTexts),
  NotAction: isMaybe(areTexts),
  Resource: isMaybe(areTexts),
  NotResource: isMaybe(areTexts),
  Principal: isMaybe(arePrincipals),
  NotPrincipal: isMaybe(arePrincipals),
  Condition: isMaybe(isCondition),
};

function isStatement(value: unknown): boolean {
  return isJson(value) && Object.entries(ELEMENTS).every(([element, isRight]) => isRight(value[element]));
}

function isMaybe(isRight: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === undefined || isRight(value);
}

function areTexts(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

function arePrincipals(value: unknown): boolean {
  return value === '*' || (isJson(value) && Object.values(value).every(areTexts));
}

/** People write true and 3600 without quotes as well, and IAM takes it. */
function isCondition(value: unknown): boolean {
  const isPlain = (each: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof each);
  const areValues = (each: unknown): boolean => (Array.isArray(each) ? each.every(isPlain) : isPlain(each));
  return isJson(value) && Object.values(value).every((keys) => isJson(keys) && Object.values(keys).every(areValues));
}
