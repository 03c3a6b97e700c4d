import { maskSecrets } from '../mask-secrets.ts';
import { quoteLiteral } from './sql/names.ts';

/** A file that COPY reads. */
export interface LoadedFile {
  readonly url: string;
  readonly bytes: number;
  readonly startMs: number;
  lines: number;
  endMs?: number;
}

/** How far a COPY is. */
export interface LoadProgress {
  table: string;
  source: string;
  format: string;
  rows: number;
  /** Bytes of files that were opened. */
  bytes: number;
  totalFiles: number;
  totalBytes: number;
  errors: number;
  readonly files: LoadedFile[];
}

/** How far an UNLOAD is. */
export interface UnloadProgress {
  location: string;
  format: string;
  compression: string;
  rows: number;
  files: number;
  bytes: number;
}

/** A statement that runs or has run, as the system views show it. Times are the world's. */
export interface StatementActivity {
  readonly queryId: number;
  readonly user: string;
  readonly database: string;
  readonly pid: number;
  readonly transactionId: number;
  readonly type: string;
  readonly text: string;
  readonly label: string;
  readonly startMs: number;
  endMs?: number;
  status: 'running' | 'success' | 'failed' | 'canceled';
  error: string;
  load?: LoadProgress;
  unload?: UnloadProgress;
}

const KEPT = 2000;
const TEXT_LIMIT = 4000;

const READERS =
  /\b(?:sys_(?:query|load|unload|transaction)_\w+|stv_(?:recents|inflight)|stl_query(?:text)?|svv_transactions|svv_query_inflight)\b/i;

/** Whether a statement reads views that tell of running statements: they are brought up to date first. */
export const readsActivity = (text: string): boolean => READERS.test(text);

/** What runs on a cluster, and what ran lately. The database's views learn of it when somebody asks. */
export class Activity {
  readonly #running = new Set<StatementActivity>();
  readonly #sequences = new Map<StatementActivity, number>();
  #done: StatementActivity[] = [];
  #sequence = 0;
  readonly #written = new Map<string, number>();
  readonly #run: (database: string, sql: string) => Promise<unknown>;
  readonly #now: () => number;

  constructor(run: (database: string, sql: string) => Promise<unknown>, now: () => number) {
    this.#run = run;
    this.#now = now;
  }

  begin(
    init: Omit<StatementActivity, 'startMs' | 'status' | 'error' | 'text' | 'type'> & { readonly text: string },
  ): StatementActivity {
    const text = maskSecrets(init.text.slice(0, 2 * TEXT_LIMIT)).slice(0, TEXT_LIMIT);
    const statement: StatementActivity = {
      ...init,
      text,
      type: typeOf(init.text),
      startMs: this.#now(),
      status: 'running',
      error: '',
    };
    this.#running.add(statement);
    return statement;
  }

  end(statement: StatementActivity, outcome: { readonly code: string; readonly message: string } | undefined): void {
    this.#running.delete(statement);
    statement.endMs = this.#now();
    statement.status = outcome === undefined ? 'success' : outcome.code === '57014' ? 'canceled' : 'failed';
    statement.error = outcome?.message ?? '';
    this.#sequences.set(statement, ++this.#sequence);
    this.#done.push(statement);
    if (this.#done.length <= KEPT) return;
    for (const old of this.#done.slice(0, KEPT / 2)) this.#sequences.delete(old);
    this.#done = this.#done.slice(KEPT / 2);
  }

  /** Writes what is new into the tables behind the system views of a database. */
  async flush(database: string): Promise<void> {
    const written = this.#written.get(database) ?? 0;
    const fresh = this.#done.filter((statement) => (this.#sequences.get(statement) ?? 0) > written);
    this.#written.set(database, this.#sequence);
    const running = [...this.#running];
    const now = this.#now();
    const loads = running.filter(({ load }) => load !== undefined);
    const unloads = running.filter(({ unload }) => unload !== undefined);
    await this.#run(
      database,
      [
        "DELETE FROM pg_catalog.rs_queries WHERE status = 'running'",
        'DELETE FROM pg_catalog.rs_live_loads',
        'DELETE FROM pg_catalog.rs_live_load_files',
        'DELETE FROM pg_catalog.rs_live_unloads',
        ...insert(
          'rs_queries',
          [...fresh, ...running].map((statement) => queryRow(statement, now)),
        ),
        ...insert(
          'rs_live_loads',
          loads.map((statement) => loadRow(statement, now)),
        ),
        ...insert(
          'rs_live_load_files',
          loads.flatMap((statement) => fileRows(statement, now)),
        ),
        ...insert(
          'rs_live_unloads',
          unloads.map((statement) => unloadRow(statement, now)),
        ),
      ].join(';'),
    );
  }
}

type Cell = string | number | undefined;

function insert(table: string, rows: readonly (readonly Cell[])[]): string[] {
  const values = rows.map((row) => `(${row.map(cell).join(', ')})`);
  return values.length === 0 ? [] : [`INSERT INTO pg_catalog.${table} VALUES ${values.join(', ')}`];
}

function cell(value: Cell): string {
  if (value === undefined) return 'NULL';
  return typeof value === 'number' ? String(value) : quoteLiteral(value.replaceAll('\0', ''));
}

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

function queryRow(statement: StatementActivity, now: number): Cell[] {
  const { queryId, user, database, pid, transactionId, type, text, label, startMs, endMs, status, error } = statement;
  const elapsed = ((endMs ?? now) - startMs) * 1000;
  return [
    queryId,
    user,
    database,
    pid,
    transactionId,
    type,
    status,
    time(startMs),
    time(endMs),
    elapsed,
    text,
    label,
    error,
  ];
}

function loadRow(
  { queryId, user, transactionId, pid, database, startMs, load }: StatementActivity,
  now: number,
): Cell[] {
  const opened = load?.files.length ?? 0;
  return [
    user,
    queryId,
    transactionId,
    pid,
    database,
    load?.table,
    time(startMs),
    (now - startMs) * 1000,
    load?.source,
    load?.format,
    load?.rows,
    load?.bytes,
    load?.totalFiles,
    load?.totalBytes,
    opened,
    load?.bytes,
    load?.errors,
  ];
}

function fileRows({ user, queryId, load }: StatementActivity, now: number): Cell[][] {
  return (load?.files ?? []).map(({ url, bytes, lines, startMs, endMs }) => [
    user,
    queryId,
    url.slice(0, 256),
    bytes,
    lines,
    time(endMs ?? now),
    time(startMs),
    time(endMs),
  ]);
}

function unloadRow(
  { queryId, user, transactionId, pid, database, startMs, unload }: StatementActivity,
  now: number,
): Cell[] {
  return [
    user,
    queryId,
    transactionId,
    pid,
    database,
    time(startMs),
    (now - startMs) * 1000,
    unload?.format,
    unload?.compression,
    unload?.location,
    unload?.rows,
    unload?.files,
    unload?.bytes,
  ];
}

const TYPES: readonly (readonly [pattern: RegExp, type: string])[] = [
  [/^(?:select|with|fetch|declare|\()/i, 'SELECT'],
  [/^(insert|update|delete|merge|copy|unload|call)\b/i, ''],
  [/^create\s[\s\S]*?\btable\b[\s\S]*?\bas\s*\(?\s*(?:select|with)\b/i, 'CTAS'],
  [/^(?:create|alter|drop|truncate|grant|revoke|comment)\b/i, 'DDL'],
];

function typeOf(whole: string): string {
  const text = whole.replace(/^(?:\/\*[\s\S]*?\*\/|--[^\n]*\n|\s)+/, '');
  const found = TYPES.find(([pattern]) => pattern.test(text));
  if (!found) return 'UTILITY';
  return found[1] === '' ? (/^\w+/.exec(text)?.[0].toUpperCase() ?? 'OTHER') : found[1];
}
