// A platform in small: it loads the plugin, shows the plugin's connection form, and runs what the page asks for.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { build } from 'esbuild';
import { connector, formDescription } from 'roleshift';

// What this platform lets a form ask for. Loopback and its endpoints are allowed for the sandbox only.
const uploads = await mkdtemp(join(tmpdir(), 'sample-host-'));
const fileRoots = [uploads, ...(process.env.HOST_FILE_ROOTS?.split(':') ?? [])];
const sandbox = { allowLoopback: true, endpoints: ['http://127.0.0.1:*'] };
const policy = { identities: ['accessKeys', 'machineRole'], fileRoots, ...sandbox };

const actions = {
  '/check': (redshift) => redshift.check(),
  '/preview': async (redshift, { object }) => {
    const { fields, columns, rowCount } = await redshift.preview({ object, limit: 20 });
    return { names: fields.map(({ name }) => name), columns, rowCount };
  },
  '/load': async (redshift, { object, file }) => {
    const folder = await mkdtemp(join(uploads, 'load-'));
    try {
      const path = join(folder, basename(file.name));
      await writeFile(path, file.stream());
      return await redshift.write({ object }, { file: path });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

async function run(action, request) {
  let redshift;
  try {
    const body = new Response(Readable.toWeb(request), { headers: request.headers });
    const form = Object.fromEntries(await body.formData());
    redshift = connector.open(JSON.parse(form.values), { policy });
    return { result: await action(redshift, form) };
  } catch (error) {
    return { error: error.toJSON?.() ?? { message: String(error) } };
  } finally {
    await redshift?.[Symbol.asyncDispose]();
  }
}

const bundling = { bundle: true, write: false, format: 'esm', jsx: 'automatic', minify: true };
const bundle = await build({ ...bundling, entryPoints: [join(import.meta.dirname, 'page.jsx')] });
const files = {
  '/': ['text/html', await readFile(join(import.meta.dirname, 'page.html'))],
  '/page.js': ['text/javascript', bundle.outputFiles[0].text],
  '/form': ['application/json', JSON.stringify({ ...formDescription(), manifest: connector.manifest })],
};

const server = createServer(async (request, response) => {
  const action = request.method === 'POST' ? actions[request.url] : undefined;
  const [type, content] = files[request.url] ?? ['text/plain', 'Not here'];
  if (!action) return response.writeHead(files[request.url] ? 200 : 404, { 'content-type': type }).end(content);
  const answer = await run(action, request);
  const text = JSON.stringify(answer, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
  return response.setHeader('content-type', 'application/json').end(text);
});
process.once('SIGTERM', () => rm(uploads, { recursive: true }).then(() => process.exit()));
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
server.on('listening', () => console.log(`http://127.0.0.1:${server.address().port}/`));
