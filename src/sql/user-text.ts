import { Sql } from './sql.ts';

/** A piece that stands in the sent text in place of one of the person's own. All counts are in characters. */
export interface Replacement {
  /** Where it begins in the sent text. */
  readonly at: number;
  readonly length: number;
  /** Where the piece that it stands for begins in the person's text. */
  readonly sourceAt: number;
  readonly sourceLength: number;
}

/** SQL that a person wrote, ready to stand in a statement, and the way back from it to what they wrote. */
export interface UserText {
  readonly sql: Sql;
  /** As they wrote it. */
  readonly text: string;
  /** What they call it: `the query`, `connectSql`. */
  readonly label: string;
  /** In order. */
  readonly replaced?: readonly Replacement[];
}

/** A part of the person's own in a statement. */
export interface PlacedText extends Omit<UserText, 'sql'> {
  /** Where it begins in the statement, in characters. */
  readonly startsAt: number;
}

/** A statement, and where the person's own parts are in it. */
export interface Woven {
  readonly statement: Sql;
  readonly placed: readonly PlacedText[];
}

/** The person's SQL as it is sent, and as they wrote it: what was cut off its start is looked for from `from`. */
export function userText(sent: Sql, text: string, label: string, from = 0): UserText {
  const lead = characters(text.slice(0, Math.max(0, text.indexOf(String(sent), from))));
  if (lead === 0) return { sql: sent, text, label };
  return { sql: sent, text, label, replaced: [{ at: 0, length: 0, sourceAt: 0, sourceLength: lead }] };
}

/** Puts parts of ours and of the person's one after the other. */
export function weave(...parts: readonly (Sql | UserText | Woven)[]): Woven {
  let statement = '';
  let length = 0;
  let isUsers = false;
  const placed: PlacedText[] = [];
  for (const part of parts) {
    const own = part instanceof Sql ? part : 'sql' in part ? part.sql : part.statement;
    if (!(part instanceof Sql)) {
      if ('sql' in part) {
        const { sql: _sql, ...facts } = part;
        placed.push({ ...facts, startsAt: length });
      } else placed.push(...part.placed.map((each) => ({ ...each, startsAt: each.startsAt + length })));
    }
    statement += String(own);
    length += characters(String(own));
    isUsers ||= own.author === 'user';
  }
  return { statement: Sql.trusted(statement, isUsers ? 'user' : 'roleshift'), placed };
}

/** The parts with a separator between. */
export function weaveList(parts: readonly (Sql | UserText | Woven)[], separator: Sql): Woven {
  return weave(...parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part])));
}

/** Length as the server counts positions: in characters, not in UTF-16 units. */
export function characters(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}
