const AFTER_KEYWORD =
  /\b(secret_access_key|session_token|access_key_id|token)(\s+(?:as\s+)?)'(?:[^'\\]|''|\\[\s\S])*'/gi;
const INSIDE_CREDENTIALS = /\b(credentials\s+(?:as\s+)?)'(?![^']*aws_iam_role)(?:[^'\\]|''|\\[\s\S])*'/gi;

/** The statement without the keys that were written into its authorisation, as Redshift's own logs show it. */
export function maskKeys(sql: string): string {
  return sql.replace(AFTER_KEYWORD, "$1$2'***'").replace(INSIDE_CREDENTIALS, "$1'***'");
}
