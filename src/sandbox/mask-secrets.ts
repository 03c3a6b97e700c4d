// White space and comments; then a literal, or what is left of one that was cut short.
const GAP = String.raw`(?:\s|--[^\n]*\n|/\*[\s\S]*?\*/)*`;
const LITERAL = String.raw`'(?:[^'\\]|''|\\[\s\S])*(?:'|$)`;
const KEYWORDS = 'secret_access_key|session_token|access_key_id|token|password';
const AFTER_KEYWORD = new RegExp(String.raw`\b((?:${KEYWORDS})\b${GAP}(?:as\b${GAP})?)${LITERAL}`, 'gi');
// A role's ARN is no secret.
const INSIDE_CREDENTIALS = new RegExp(
  String.raw`\b(credentials\b${GAP}(?:as\b${GAP})?)(?!'\s*aws_iam_role\s*=[^;']*')${LITERAL}`,
  'gi',
);

/** The statement without the keys and passwords that were written into it, as Redshift's own logs show it. */
export function maskSecrets(sql: string): string {
  return sql.replace(AFTER_KEYWORD, "$1'***'").replace(INSIDE_CREDENTIALS, "$1'***'");
}
