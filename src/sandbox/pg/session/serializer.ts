import type { BackendResult, ErrorFields } from '../backend-session.ts';
import { serializableViolation } from './answers.ts';

/** What a statement does, as far as conflicts go. */
export interface StatementEffect {
  readonly verb: string;
  readonly writes: readonly string[];
  /** UPDATE, DELETE, MERGE: the target counts as read. */
  readonly readsTarget: boolean;
}

interface Transaction {
  readonly pid: number;
  readonly id: number;
  /** When its snapshot was taken; transactions that committed later are not seen by it. */
  readonly start: number;
  commit: number;
  readonly reads: Set<string>;
  readonly writes: Set<string>;
}

// Statements that take no snapshot.
const WITHOUT_SNAPSHOT: ReadonlySet<string> = new Set([
  'LOCK',
  'SET',
  'SHOW',
  'RESET',
  'FETCH',
  'DEALLOCATE',
  'PREPARE',
]);

/**
 * Finds transactions that no serial order explains, table by table, as Redshift does under SERIALIZABLE. What a transaction
 * read and wrote is learned from the locks it holds. The first to commit wins; who closes a cycle with committed ones loses.
 */
export class Serializer {
  readonly #active = new Map<number, Transaction>();
  #committed: Transaction[] = [];
  #sequence = 0;
  #nextId = 1000;
  readonly #admin: (database: string, sql: string) => Promise<BackendResult>;

  constructor(admin: (database: string, sql: string) => Promise<BackendResult>) {
    this.#admin = admin;
  }

  /** Call once the statement's locks are held, before it runs. Answers the refusal if it would close a cycle. */
  async beforeStatement(database: string, pid: number, effect: StatementEffect): Promise<ErrorFields | undefined> {
    if (WITHOUT_SNAPSHOT.has(effect.verb)) return undefined;
    if (!this.#active.has(pid)) {
      const own = { pid, id: this.#nextId++, start: ++this.#sequence, commit: Number.POSITIVE_INFINITY };
      this.#active.set(pid, { ...own, reads: new Set(), writes: new Set() });
    }
    if (effect.writes.length === 0) return undefined;
    await this.#learn(database, pid, effect.readsTarget);
    return this.violationOf(pid);
  }

  /** Call after a statement inside a transaction: notes what it read. */
  async afterStatement(database: string, pid: number, effect: StatementEffect): Promise<void> {
    if (WITHOUT_SNAPSHOT.has(effect.verb)) return;
    await this.#learn(database, pid, effect.readsTarget);
  }

  /** The refusal that is due if this transaction committed now. */
  violationOf(pid: number): ErrorFields | undefined {
    const own = this.#active.get(pid);
    if (!own || own.writes.size === 0) return undefined;
    const cycle = findCycle(own, this.#committed);
    if (!cycle) return undefined;
    const [table] = [...own.writes];
    return serializableViolation(
      table ?? '0',
      cycle.map(({ id, pid: member }) => ({ xid: id, pid: member })),
    );
  }

  committed(pid: number): void {
    const own = this.#active.get(pid);
    if (!own) return;
    own.commit = ++this.#sequence;
    this.#active.delete(pid);
    this.#committed.push(own);
    // A committed one matters only to those whose snapshot is older than its commit.
    const oldest = Math.min(...[...this.#active.values()].map(({ start }) => start), this.#sequence);
    this.#committed = this.#committed.filter(({ commit }) => commit >= oldest);
  }

  /** The transaction is over, whichever way. */
  ended(pid: number): void {
    this.#active.delete(pid);
  }

  async #learn(database: string, pid: number, readsTarget: boolean): Promise<void> {
    const own = this.#active.get(pid);
    if (!own) return;
    const { rows } = await this.#admin(
      database,
      `SELECT l.relation, l.mode FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
       WHERE l.pid = ${pid} AND l.granted AND c.relkind = 'r' AND c.relpersistence = 'p'
         AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
    );
    for (const [relation, mode] of rows) {
      if (relation === null || relation === undefined) continue;
      if (mode === 'AccessShareLock') own.reads.add(relation);
      if (mode === 'ShareRowExclusiveLock') {
        own.writes.add(relation);
        if (readsTarget) own.reads.add(relation);
      }
    }
  }
}

/** A path of "must come before" from `own` through committed transactions and back to it. */
function findCycle(own: Transaction, committed: readonly Transaction[]): Transaction[] | undefined {
  const visit = (at: Transaction, path: readonly Transaction[]): Transaction[] | undefined => {
    for (const next of committed) {
      if (path.includes(next) || !precedes(at, next)) continue;
      if (precedes(next, own)) return [...path, next];
      const found = visit(next, [...path, next]);
      if (found) return found;
    }
    return undefined;
  };
  return visit(own, [own]);
}

/** Whether a serial order must put `first` before `second`. */
function precedes(first: Transaction, second: Transaction): boolean {
  const shares = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => [...a].some((table) => b.has(table));
  // It read a table as it was before the other's write.
  if (second.commit > first.start && shares(first.reads, second.writes)) return true;
  // It wrote first, or the other one read what it wrote.
  if (first.commit < second.commit && shares(first.writes, second.writes)) return true;
  return first.commit < second.start && shares(first.writes, second.reads);
}
