/** The shell of a report: head with a policy that lets nothing in, bar with links and the language switch, foot. */
import { both, escaped, html } from "./markup.ts";
import type { Bilingual, Html } from "./markup.ts";
import { script } from "./script.ts";
import { sha256Base64 } from "./sha256.ts";
import { style } from "./style.ts";

export interface Page {
  readonly title: Bilingual;
  readonly language: "zh" | "en";
  /** Anchors and their texts. */
  readonly links: readonly (readonly [string, Bilingual])[];
  readonly body: Html;
  readonly foot: Html;
}

export function page({ title, language, links, body, foot }: Page): string {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${sha256Base64(style)}'`,
    `script-src 'sha256-${sha256Base64(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const nav = links.map(([id, text]) => `<a href="#${id}">${both(text)}</a>`).join("");
  return html(
    `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}" data-language="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title[language])}</title>
<style>${style}</style>
</head>
<body>
<header><div class="bar"><h1>${both(title)}</h1><nav>${nav}</nav><button type="button" id="language"><span class="zh" lang="en">English</span><span class="en" lang="zh-CN">中文</span></button></div></header>
<main>
${body}
<footer>${foot}</footer>
</main>
<script>${script}</script>
</body>
</html>
`,
  );
}
