const MAX_BLOCK = 128 * 1024;

/** A zstd file of blocks that are stored as they are: https://datatracker.ietf.org/doc/html/rfc8878#section-3.1.1 */
export function zstdOf(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])];
  for (let start = 0; start === 0 || start < bytes.length; start += MAX_BLOCK) {
    const block = bytes.subarray(start, start + MAX_BLOCK);
    const isLast = start + MAX_BLOCK >= bytes.length;
    const header = Buffer.alloc(3);
    header.writeUIntLE(block.length * 8 + (isLast ? 1 : 0), 0, 3);
    parts.push(header, block);
  }
  return Buffer.concat(parts);
}
