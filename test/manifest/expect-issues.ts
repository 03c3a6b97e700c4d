import { expect } from 'chai';
import { type ConfigIssue, ConnectorError, type ErrorCode } from '../../src/core/errors.ts';
import { type ResolveContext, resolveConnection } from '../../src/manifest/resolve.ts';

/** Resolves what must be refused, and gives the error. */
export function refusalOf(
  raw: unknown,
  context?: ResolveContext,
  code: ErrorCode = 'RS_CONFIG_INVALID',
): ConnectorError {
  try {
    resolveConnection(raw, context);
  } catch (error) {
    expect(error).to.be.instanceOf(ConnectorError);
    const refusal = error as ConnectorError;
    expect(refusal.code).to.equal(code);
    return refusal;
  }
  return expect.fail('was accepted');
}

export function issuesOf(raw: unknown, context?: ResolveContext): readonly ConfigIssue[] {
  return refusalOf(raw, context).issues;
}

export function pathsOf(raw: unknown, context?: ResolveContext): readonly string[] {
  return issuesOf(raw, context).map(({ path }) => path);
}
