import type { Misfortune } from '../../faults.ts';
import type { ErrorFields } from '../backend-session.ts';

function detailed(error: string, code: number, context: string): string {
  const rule = '-----------------------------------------------';
  return `\n  ${rule}\n  error:  ${error}\n  code:      ${code}\n  context:   ${context}\n  query:     100\n  location:  sandbox\n  process:   padbmaster\n  ${rule}`;
}

const REFUSALS: Readonly<Record<Misfortune, ErrorFields>> = {
  conflict: {
    code: 'XX000',
    message: '1023',
    detail: 'Serializable isolation violation on table - 100000, transactions forming the cycle are: 1, 2 (pid:1)',
  },
  snapshotConflict: { code: 'XX000', message: 'could not complete because of conflict with concurrent transaction' },
  multipleMatches: { code: 'XX000', message: 'Found multiple matches to update the same tuple.' },
  monitoringRule: {
    code: 'XX000',
    message: 'Query (100) cancelled by WLM abort action of Query Monitoring Rule "sandbox_rule".',
  },
  diskFull: { code: '53100', message: 'Disk Full', detail: detailed('Disk Full', 1016, 'node: 0') },
  tableDropped: {
    code: 'XX000',
    message: 'Relation with OID 100000 does not exist.',
    detail: detailed('Relation with OID 100000 does not exist.', 1018, 'relation not found'),
  },
};

/** The words of Redshift for a refusal that a fault names. */
export function misfortune(name: Misfortune): ErrorFields {
  return REFUSALS[name];
}
