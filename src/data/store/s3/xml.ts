/** The little of XML that S3's answers use: elements with text, no attributes that matter, five entities. */
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Contents of every element of that name, in order, markup inside left as it is. Elements of S3 do not nest in their like. */
export function elementsOf(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, "g"));
  return Array.from(found, (match) => match[1]!);
}

/** Text of the first element of that name, or null. */
export function textOf(xml: string, name: string): string | null {
  const [inner] = elementsOf(xml, name);
  return inner === undefined ? null : unescaped(inner);
}

function unescaped(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|[a-z]+);/g, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });
}

/** A key out of a listing that was asked for with `encoding-type=url`; a service that does not know that gives keys as they are. */
export function keyIn(listing: string, text: string): string {
  return textOf(listing, "EncodingType") === "url" ? decodeURIComponent(text.replaceAll("+", " ")) : text;
}
