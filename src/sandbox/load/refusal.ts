import { RedshiftError } from '../pg/backend-session.ts';

/** What COPY or UNLOAD answers instead of success. Redshift folds most of their failures into `XX000`. */
export function refuse(code: string, message: string, detail?: string): RedshiftError {
  return new RedshiftError({ code, message, ...(detail === undefined ? {} : { detail }) });
}

/** `syntax error at or near "..."`. */
export function syntaxError(near: string): RedshiftError {
  return refuse('42601', near === '' ? 'syntax error at end of input' : `syntax error at or near "${near}"`);
}

/** Something Redshift has and this sandbox does not: refused by name, never guessed. */
export function notImitated(what: string): RedshiftError {
  return refuse('0A000', `The sandbox does not imitate ${what}`);
}

/** A failure in the servers' own form: the message, and the block that Redshift puts into DETAIL. */
export function internalFailure(
  message: string,
  init: { readonly code: number; readonly context?: string },
): RedshiftError {
  const rule = '-----------------------------------------------';
  const detail = [
    '',
    `  ${rule}`,
    `  error:  ${message}`,
    `  code:      ${init.code}`,
    `  context:   ${init.context ?? ''}`,
    '  location:  sandbox',
    '  process:   padbmaster',
    `  ${rule}`,
  ].join('\n');
  return refuse('XX000', message, detail);
}
