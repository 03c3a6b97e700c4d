import type { Converted } from './convert-number.ts';

/** JSON text of a SUPER: blanks outside strings dropped, strings written in one way, numbers as they stand. */
export function convertSuper(text: string): Converted {
  try {
    JSON.parse(text);
  } catch {
    // JavaScript's words are not Redshift's.
    return { code: 1224, reason: 'Invalid JSON format' };
  }
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_whole, string: string | undefined) => {
    if (string === undefined) return '';
    return string.includes('\\') ? JSON.stringify(JSON.parse(string)) : string;
  });
}

/** Hex digits of a VARBYTE. */
export function convertHex(text: string, maxBytes: number): Converted {
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(text)) return { code: 1223, reason: 'Invalid hexadecimal digit for VARBYTE' };
  if (text.length > 2 * maxBytes) return { code: 1204, reason: 'Varbyte length exceeds DDL length' };
  return text.toLowerCase();
}

/** Hex of WKB or EWKB: a byte order, then a known geometry type. WKT is not imitated, and refused as Redshift refuses nonsense. */
export function convertShape(text: string): Converted {
  const isShape = /^(?:00|01)[0-9A-Fa-f]{8}(?:[0-9A-Fa-f]{2})*$/.test(text);
  return isShape ? text.toUpperCase() : { code: 1223, reason: 'Compass I/O exception: Invalid hexadecimal geometry' };
}

/** A sketch is JSON (sparse) or base64 (dense); what is inside is not looked at. */
export function convertSketch(text: string): Converted {
  const isSketch = /^\s*\{.*\}\s*$/s.test(text) || /^[A-Za-z0-9+/]+={0,2}$/.test(text);
  return isSketch ? text : { code: 1223, reason: 'Invalid HLLSKETCH' };
}

const INTERVAL =
  /^(?:[-+]?\d+-\d+|[-+]?(?:\d+ )?\d+:\d+(?::\d+(?:\.\d+)?)?|(?:[-+]?\d+(?:\.\d+)? ?[a-z]+,? ?)+(?:[-+]?\d+:\d+(?::\d+(?:\.\d+)?)?)?|[-+]?\d+)$/i;

/** The forms of an interval that are shown, and those of SQL. */
export function convertInterval(text: string): Converted {
  return INTERVAL.test(text.trim()) ? text.trim() : { code: 1206, reason: 'Invalid interval format or value' };
}
