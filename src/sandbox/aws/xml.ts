/** Content of an XML element: text, child elements by name, or a list (the element repeats). */
export type XmlContent = string | number | boolean | Date | undefined | XmlElements | readonly XmlContent[];
export interface XmlElements {
  readonly [name: string]: XmlContent;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

const escapeText = (text: string): string => text.replace(/[&<>"\r]/g, (sign) => ESCAPES[sign] ?? sign);

function element(name: string, content: XmlContent): string {
  if (content === undefined) return '';
  if (Array.isArray(content)) return content.map((item) => element(name, item as XmlContent)).join('');
  const inner =
    content instanceof Date
      ? content.toISOString()
      : typeof content === 'object'
        ? children(content as XmlElements)
        : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

function children(elements: XmlElements): string {
  return Object.entries(elements)
    .map(([name, content]) => element(name, content))
    .join('');
}

/** A whole document. Text is escaped; undefined elements are left out. */
export function renderXml(root: string, content: XmlElements | string, namespace?: string): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  const inner = typeof content === 'string' ? escapeText(content) : children(content);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${inner}</${root}>`;
}
