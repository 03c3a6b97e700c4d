import { RedshiftError } from '../backend-session.ts';
import { NATIVE_SETTINGS, OWN_SETTINGS } from '../sql/settings.ts';

/** What AWS's own drivers announce, and what PostgreSQL's clients do: read, and not passed on. */
const ANNOUNCED =
  /^(?:user|database|client_protocol_version|driver_version|os_version|driver_discovery_version|plugin_name|replication|_pq_\..*)$/;

/** Settings of a session at its start. */
export interface StartupSettings {
  /** For the database behind: PostgreSQL's names. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly applicationName: string;
  readonly caseSensitive: string | undefined;
  readonly statementTimeoutMs: number;
}

/** Reads the start-up parameters. Throws a FATAL refusal of what Redshift does not know. */
export function readStartup(sent: Readonly<Record<string, string>>): StartupSettings {
  const wanted = { ...optionSettings(sent['options'] ?? ''), ...sent };
  const parameters: Record<string, string> = {};
  for (const [sentName, value] of Object.entries(wanted)) {
    const name = sentName.toLowerCase();
    if (name === 'options' || ANNOUNCED.test(name)) continue;
    if (NATIVE_SETTINGS.has(name)) parameters[name] = name === 'client_encoding' ? 'UTF8' : value;
    else if (OWN_SETTINGS[name] !== undefined) parameters[`roleshift.${name}`] = value;
    else {
      const denied = name === 'client_min_messages';
      throw new RedshiftError({
        severity: 'FATAL',
        code: denied ? '42501' : '42704',
        message: denied
          ? `permission denied to set parameter "${name}"`
          : `unrecognized configuration parameter "${name}"`,
      });
    }
  }
  return {
    parameters,
    applicationName: sent['application_name'] ?? '',
    caseSensitive: parameters['roleshift.enable_case_sensitive_identifier'],
    statementTimeoutMs: Number(parameters['statement_timeout'] ?? 0) || 0,
  };
}

// `-c name=value`, `-cname=value`, `--name=value`; a backslash keeps the blank that follows.
function optionSettings(options: string): Record<string, string> {
  const words = (options.match(/(?:\\.|\S)+/g) ?? []).map((word) => word.replace(/\\(.)/g, '$1'));
  const pairs: Record<string, string> = {};
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const setting = word === '-c' ? words[++index] : word.startsWith('-c') ? word.slice(2) : word.replace(/^--/, '');
    const at = setting?.indexOf('=') ?? -1;
    if (setting !== undefined && at > 0) pairs[setting.slice(0, at).replaceAll('-', '_')] = setting.slice(at + 1);
  }
  return pairs;
}
