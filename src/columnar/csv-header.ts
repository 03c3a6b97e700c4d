import { ConnectorError } from '../core/errors.ts';

/** Reads the names in the first line of a CSV file. Throws RS_INPUT_INVALID for a line that is not one whole header. */
export function parseCsvHeader(line: string, delimiter: string): readonly string[] {
  const names: string[] = [];
  let rest = line.replace(/\r?\n$/, '');
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
    const name = quoted ? (quoted[1] ?? '').replaceAll('""', '"') : (rest.split(delimiter, 1)[0] ?? '');
    rest = rest.slice(quoted ? quoted[0].length : name.length);
    if (name.startsWith('"') && !quoted) throw invalid('A quote in the first line of the file does not end there');
    if (rest !== '' && !rest.startsWith(delimiter)) throw invalid('The first line of the file is not a CSV header');
    names.push(name);
    if (rest === '') break;
    rest = rest.slice(delimiter.length);
  }
  if (names.some((name) => name.trim() === '')) throw invalid('A column in the first line of the file has no name');
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  if (twice !== undefined) throw invalid(`The file has two columns named ${JSON.stringify(twice)}`);
  return names;
}

function invalid(message: string): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', message, {
    action: 'Give a CSV file whose first line names every column once.',
  });
}
