import type { CsvEncoder } from '../src/types/csv.ts';
import { CsvText } from '../src/types/csv-text.ts';

/** The line that an encoder makes of one row. */
export function csvLine(encoder: CsvEncoder, values: Parameters<CsvEncoder['line']>[1], rowNumber: number): string {
  const text = new CsvText();
  encoder.line(text, values, rowNumber);
  return text.take().toString();
}
