import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, INSTALL_LIMIT_MS, needCommand } from './install.ts';

const POM = fileURLToPath(new URL('jdbc/pom.xml', import.meta.url));

/** The class path of Amazon's JDBC driver; fetched with Maven when it is first asked for. */
export async function jdbcClassPath(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  const folder = join(CACHE, `roleshift-jdbc-${hash}`);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    await mkdir(folder, { recursive: true });
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
    const hint =
      'The JDBC driver could not be fetched: it needs Maven, Java 17 or newer (Debian: maven, default-jdk-headless) and a repository';
    await needCommand('mvn', ['-q', '-B', '-f', POM, ...goal], hint, INSTALL_LIMIT_MS);
    await writeFile(complete, '');
  }
  return join(folder, '*');
}
