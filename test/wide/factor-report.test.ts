/** The factor report as a reader opens it: from disk, in a browser, without a network. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aShares, newFolder, prepare } from "../end-to-end/command-line.ts";

const widths = [1280, 390] as const;
const languages = ["zh", "en"] as const;

let browser: Browser;
let url: string;
beforeAll(async () => {
  const folder = newFolder();
  await prepare(folder, ["import", `parquet:${aShares}`]);
  const evaluated = ["--set", "alpha158", "--vwap", "typical"];
  await prepare(folder, ["factors", "report", ...evaluated, "--out", "report.html"]);
  url = pathToFileURL(join(folder, "report.html")).href;
  browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}, 300_000);
afterAll(() => browser?.close());

interface Visit {
  readonly page: Page;
  /** What went wrong or out while the page was open. */
  readonly complaints: string[];
}

async function withPage<T>(
  options: { readonly width: number; readonly dark?: boolean },
  use: (visit: Visit) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext({
    viewport: { width: options.width, height: 900 },
    colorScheme: options.dark === true ? "dark" : "light",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:"))
      complaints.push(`request ${request.url()}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  try {
    return await use({ page, complaints });
  } finally {
    await context.close();
  }
}

/** What a reader sees of the elements, in order. */
const visibleTexts = (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).filter({ visible: true }).allInnerTexts();

describe.each(widths)("at %i px", (width) => {
  test.each(languages)(
    "shows everything in %s without scrolling sideways, complaint or request",
    async (language) => {
      await withPage({ width }, async ({ page, complaints }) => {
        expect(await page.getAttribute("html", "data-language")).toBe("zh");
        if (language === "en") await page.click("#language");
        expect(await page.getAttribute("html", "lang")).toBe(language === "zh" ? "zh-CN" : "en");
        expect(await page.title()).toContain(language === "zh" ? "因子评估" : "Factor evaluation");
        const other = language === "zh" ? "en" : "zh";
        expect(await visibleTexts(page, `main .${other}`)).toEqual([]);
        expect((await visibleTexts(page, "h2")).length).toBeGreaterThan(2);
        const overflow = await page.evaluate<{ wide: number; culprits: string[] }>(`({
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        culprits: [...document.querySelectorAll("main *, header *")]
          .filter((each) => each.closest(".scroll") === null && each.closest("svg") === null
            && each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
          .slice(0, 5).map((each) => each.outerHTML.slice(0, 100)),
      })`);
        expect(overflow).toEqual({ wide: 0, culprits: [] });
        expect(await page.locator("#factor-table tbody tr").count()).toBe(158);
        expect(await page.locator("figure svg").count()).toBeGreaterThan(5);
        expect(complaints).toEqual([]);
      });
    },
  );
});

test("the factor table sorts by a click and by the keyboard, and filters by name", async () => {
  await withPage({ width: 1280 }, async ({ page, complaints }) => {
    const columnOf = (index: number): Promise<string[]> =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll("#factor-table tbody tr")].map((row) => row.cells[${index}].dataset.value ?? row.cells[${index}].textContent)`,
      );
    const head = (index: number): ReturnType<Page["locator"]> =>
      page.locator("#factor-table thead th").nth(index);
    await head(0).click();
    expect(await head(0).getAttribute("aria-sort")).toBe("ascending");
    const names = await columnOf(0);
    expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })));
    await head(1).click();
    const down = (await columnOf(1)).filter((text) => text !== "").map(Number);
    expect(down.length).toBeGreaterThan(100);
    expect(down).toEqual(down.toSorted((a, b) => b - a));
    await head(1).focus();
    await page.keyboard.press("Enter");
    expect(await head(1).getAttribute("aria-sort")).toBe("ascending");
    const up = (await columnOf(1)).filter((text) => text !== "").map(Number);
    expect(up).toEqual([...down].reverse().toSorted((a, b) => a - b));
    await page.fill("#filter", "rsqr");
    const left = await page.locator("#factor-table tbody tr").filter({ visible: true }).count();
    expect(left).toBe(names.filter((name) => name.includes("RSQR")).length);
    expect(left).toBe(5);
    expect(complaints).toEqual([]);
  });
});

/** Relative luminance of WCAG. */
const luminance = (rgb: readonly number[]): number => {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
};

test("a reader with a dark system reads light on dark, with enough contrast", async () => {
  const colours = `(() => {
    const style = getComputedStyle(document.body);
    return [style.color, style.backgroundColor].map((text) => text.match(/[0-9.]+/g).slice(0, 3).map(Number));
  })()`;
  for (const dark of [true, false]) {
    await withPage({ width: 1280, dark }, async ({ page, complaints }) => {
      const [ink, paper] = (await page.evaluate<number[][]>(colours)).map(luminance);
      expect(ink! > paper!).toBe(dark);
      const contrast = (Math.max(ink!, paper!) + 0.05) / (Math.min(ink!, paper!) + 0.05);
      expect(contrast).toBeGreaterThan(7);
      expect(complaints).toEqual([]);
    });
  }
});
