import { createRequire } from 'node:module';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import type { Fault } from './faults.ts';
import type { EarlyExpiry, Sandbox } from './sandbox.ts';

/** What is wrong with a running world: the content of a switch file (`schemas/sandbox-switches.v1.json`). */
export interface Switches {
  /** In place of all faults there are. */
  readonly faults?: readonly Fault[];
  /** Default, as of the two below: what the world says. */
  readonly lifetimeScale?: number;
  readonly clockSkewSeconds?: number;
  readonly iamPropagationSeconds?: number;
  /** Happens once, each time that the switches are set. */
  readonly expireEarly?: readonly EarlyExpiry[];
}

let validate: ValidateFunction<Switches> | undefined;

function validator(): ValidateFunction<Switches> {
  if (validate) return validate;
  const schema = createRequire(import.meta.url)('../../schemas/sandbox-switches.v1.json') as object;
  validate = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    discriminator: true,
  }).compile<Switches>(schema);
  return validate;
}

const KINDS = 'throttle, error, delay, silence, drop, lock, restart, pause, missing, truncated';

function issueOf({ instancePath, keyword, message = 'is wrong', params }: ErrorObject): ConfigIssue {
  const path = instancePath.slice(1).replaceAll('/', '.') || 'switches';
  const action = 'See docs/sandbox.md.';
  const facts: Readonly<Record<string, unknown>> = params;
  if (keyword === 'discriminator') return { path: `${path}.kind`, message: `must be one of ${KINDS}`, action };
  if (keyword === 'pattern' && path.endsWith('.on')) {
    return { path, message: 'names no point where a fault can strike, such as sts:AssumeRole or pg:commit', action };
  }
  if (keyword === 'additionalProperties') {
    return { path, message: `"${String(facts['additionalProperty'])}" is not known here`, action };
  }
  return { path, message, action };
}

/** The value as switches. Throws `RS_CONFIG_INVALID` with every problem and its path. */
export function checkSwitches(value: unknown, source = 'The value'): Switches {
  const check = validator();
  if (check(value)) return value;
  const issues = (check.errors ?? []).filter(({ keyword }) => keyword !== 'oneOf').map(issueOf);
  const list = issues.map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  throw new ConnectorError('RS_CONFIG_INVALID', `${source} does not hold switches of the sandbox:${list}`, { issues });
}

/** Makes a world as the switches say; what they do not name is as the world file has it. */
export function setSwitches(sandbox: Sandbox, switches: Switches): void {
  const { lifetimeScale = 1, clockSkewSeconds = 0, iamPropagationSeconds = 0 } = { ...sandbox.world, ...switches };
  sandbox.faults.clear();
  sandbox.faults.add(...(switches.faults ?? []));
  sandbox.lifetimes(lifetimeScale);
  sandbox.clockSkew(clockSkewSeconds);
  sandbox.iamPropagation(iamPropagationSeconds);
  for (const what of switches.expireEarly ?? []) sandbox.expireEarly(what);
}
