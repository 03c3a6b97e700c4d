import type { ConnectorError } from '../core/errors.ts';
import type { Diagnosis } from './diagnose/diagnosis.ts';

/** The diagnosis that an error carries, if any. */
export function diagnosisOf({ diagnosis }: Pick<ConnectorError, 'diagnosis'>): Diagnosis | undefined {
  return isDiagnosis(diagnosis) ? diagnosis : undefined;
}

function isDiagnosis(value: unknown): value is Diagnosis {
  return typeof value === 'object' && value !== null && 'candidates' in value && 'decided' in value;
}
