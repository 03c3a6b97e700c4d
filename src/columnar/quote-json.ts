/** Strings and the marks between values. A string that does not end matches nothing. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * The same JSON Lines, with the values of these names turned into strings that hold their JSON text as it stands: the
 * engine would spell numbers in them anew. `null` stays.
 */
export async function* quoteJson(
  source: AsyncIterable<Buffer>,
  names: ReadonlySet<string>,
): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer[] = [];
  for await (const chunk of source) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    held.push(chunk.subarray(0, end));
    if (end > 0) {
      yield quoteLines(Buffer.concat(held), names);
      held = [];
    }
    held.push(chunk.subarray(end));
  }
  const rest = Buffer.concat(held);
  if (rest.length > 0) yield quoteLines(rest, names);
}

const NEWLINE = 0x0a;

function quoteLines(bytes: Buffer, names: ReadonlySet<string>): Buffer {
  const lines = bytes.toString('utf8').split('\n');
  return Buffer.from(lines.map((line) => quoteLine(line, names)).join('\n'));
}

/** One line. What is no object of JSON stays as it is, for the engine to refuse. */
function quoteLine(line: string, names: ReadonlySet<string>): string {
  let out = '';
  let from = 0;
  let depth = 0;
  /** Where the value of a name that counts begins. */
  let start: number | undefined;
  let key: string | undefined;
  for (const { 0: token, index } of line.matchAll(TOKEN)) {
    const isEnd = depth === 1 && (token === ',' || token === '}');
    if (isEnd && start !== undefined) {
      const raw = line.slice(start, index).trim();
      out += `${line.slice(from, start)}${raw === 'null' || raw === '' ? raw : JSON.stringify(raw)}`;
      [from, start] = [index, undefined];
    }
    if (isEnd) key = undefined;
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && token === ':' && key !== undefined) {
      if (names.has(nameOf(key))) start = index + 1;
    } else if (depth === 1 && token.startsWith('"') && start === undefined) key ??= token;
  }
  return out + line.slice(from);
}

function nameOf(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;
  }
}
