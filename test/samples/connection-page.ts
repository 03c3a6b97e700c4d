import { existsSync } from 'node:fs';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const hasChromium = existsSync(EXECUTABLE);

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/** The page of the sample host, in the words of a person who fills in the form. */
export class ConnectionPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    page.setDefaultTimeout(15_000);
  }

  field(key: string): Locator {
    return this.#page.locator(`#root_${key}`);
  }

  /** What stands beside a field as its error; empty when nothing does. */
  async errorBeside(key: string): Promise<string> {
    const error = this.#page.locator(`#root_${key}__error`);
    return (await error.count()) === 0 ? '' : ((await error.textContent()) ?? '').trim();
  }

  /** Which of the fields are on the page. */
  async shows(...keys: readonly string[]): Promise<Readonly<Record<string, boolean>>> {
    const seen = await Promise.all(keys.map(async (key) => [key, (await this.field(key).count()) > 0] as const));
    return Object.fromEntries(seen);
  }

  async fill(values: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [key, value] of inOrder(Object.entries(values))) {
      const group = MANIFEST.connection.groups.find(({ id }) => id === MANIFEST.connection.properties[key]?.group);
      if (group?.collapsed) await this.#open(group.title);
      await this.#fillOne(key, value);
    }
  }

  async #open(title: string): Promise<void> {
    const details = this.#page.locator('details', { has: this.#page.locator('summary', { hasText: title }) });
    if ((await details.getAttribute('open')) === null) await details.locator('summary').click();
  }

  async #fillOne(key: string, value: unknown): Promise<void> {
    const option = MANIFEST.connection.properties[key];
    if (typeof value === 'boolean') await this.field(key).setChecked(value);
    else if (option?.enum)
      await this.field(key).selectOption({ label: option.enumTitles?.[option.enum.indexOf(String(value))] ?? '' });
    else await this.field(key).fill(String(value));
  }

  async test(): Promise<void> {
    await this.#page.getByRole('button', { name: 'Test connection' }).click();
  }

  async preview(object: string): Promise<void> {
    await this.#page.locator('#object').fill(object);
    await this.#page.getByRole('button', { name: 'Preview' }).click();
  }

  async load(object: string, file: { readonly name: string; readonly text: string }): Promise<void> {
    await this.#page.locator('#object').fill(object);
    await this.#page.locator('#file').setInputFiles({
      name: file.name,
      mimeType: 'text/csv',
      buffer: Buffer.from(file.text),
    });
  }

  /** What the host answered, once it has. */
  async answer(): Promise<string> {
    const output = this.#page.locator('output');
    await output.filter({ hasNotText: 'Working ...' }).filter({ hasText: /\S/ }).waitFor({ timeout: 90_000 });
    return (await output.textContent()) ?? '';
  }

  /** Verdicts of the check's steps, in order. */
  verdicts(): Promise<readonly string[]> {
    return this.#page.locator('output p').evaluateAll((steps) => steps.map((step) => step.getAttribute('class') ?? ''));
  }

  async picture(path: string): Promise<void> {
    await this.#page.screenshot({ path, fullPage: true });
  }
}

// Selectors first: they make the other fields appear.
function inOrder(entries: readonly (readonly [string, unknown])[]): readonly (readonly [string, unknown])[] {
  const rank = ([key, value]: readonly [string, unknown]): number =>
    MANIFEST.connection.properties[key]?.enum || typeof value === 'boolean' ? 0 : 1;
  return entries.toSorted((one, other) => rank(one) - rank(other));
}
