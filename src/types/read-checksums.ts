import type { Checksum, ColumnChecksum } from './checksum.ts';

/** The checksum out of the answers to `renderChecksums`: each the number of rows and four numbers for each of its columns. */
export function readChecksums(answers: readonly (readonly (string | null)[])[]): Checksum {
  const columns = answers.flatMap(([, ...numbers]) => {
    const found: ColumnChecksum[] = [];
    for (let start = 0; start < numbers.length; start += 4) {
      const [values = 0n, sum = 0n, fractions = 0n, beyond = 0n] = numbers.slice(start, start + 4).map(whole);
      found.push({ values, sum, fractions, beyond });
    }
    return found;
  });
  return { rows: whole(answers[0]?.[0] ?? null), columns };
}

function whole(text: string | null): bigint {
  return BigInt(text ?? 0);
}
