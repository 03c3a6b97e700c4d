import type { BackendSession } from '../pg/backend-session.ts';

const MARK = '~';

/** Names as the client knows them: those past PostgreSQL's 63 bytes are kept short, `piece~hash`, by the pg endpoint. */
export async function wholeNames(backend: BackendSession, names: readonly string[]): Promise<readonly string[]> {
  const short = names.filter((name) => name.includes(MARK));
  if (short.length === 0) return names;
  const list = short.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ');
  const { rows } = await backend.admin(`SELECT short, whole FROM pg_catalog.rs_names WHERE short IN (${list})`);
  const whole = new Map(rows.map(([key, value]) => [key, value]));
  return names.map((name) => whole.get(name) ?? name);
}
