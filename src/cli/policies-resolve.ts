import { styleText } from 'node:util';
import { planAccess } from '../access/plan-access.ts';
import { openAccess } from '../auth/open-access.ts';
import { plainText } from '../core/plain-text.ts';
import { AWS_CALL_LIMITS } from '../core/retry.ts';
import { openRun } from '../core/run.ts';
import type { ConnectionInput } from '../manifest/options.gen.ts';
import { resolveOptions } from '../manifest/resolve.ts';
import { type Resolution, resolveUnknown } from '../operations/resolve/resolve-unknown.ts';
import { callersOf } from '../operations/resolve/search.ts';
import { type PolicyExtras, policies } from '../policies/policies.ts';
import type { Output } from './output.ts';

/**
 * `--resolve`: fills in what AWS tells, asked as the connection's own identity and roles. What cannot be had stays a
 * placeholder. The secrets of the connection have to be there, unlike for `policies` itself.
 */
export async function resolvePlaceholders(
  connection: ConnectionInput,
  extras: PolicyExtras,
  signal: AbortSignal,
): Promise<Resolution> {
  const { placeholders } = policies(connection, extras);
  if (placeholders.length === 0) return { extras, resolved: [], unresolved: [] };
  const options = resolveOptions(connection);
  const plan = planAccess(options, extras.mode === undefined ? {} : { mode: extras.mode });
  await using access = openAccess(plan, { limits: { ...AWS_CALL_LIMITS, attempts: 2 } });
  const run = openRun({ signal });
  const search = { access, options, run, ...(await callersOf(access, run)) };
  const resolution = await resolveUnknown(
    search,
    placeholders.map(({ text }) => text),
    extras,
  );
  // The id of the account comes with the ARN of the user or role.
  const rest = new Set(policies(connection, resolution.extras).placeholders.map(({ text }) => text));
  return { ...resolution, unresolved: resolution.unresolved.filter(({ placeholder }) => rest.has(placeholder)) };
}

/** What was found and what was not, a line each. */
export function printResolution({ resolved, unresolved }: Resolution, output: Output): void {
  for (const { placeholder, value, by } of resolved) {
    output.line(`${styleText('green', placeholder)}  ${plainText(`${value}, told by ${by}`)}`);
  }
  for (const { placeholder, why } of unresolved) {
    output.line(`${styleText('yellow', placeholder)}  stays, since it could not be looked up: ${plainText(why)}`);
  }
}
