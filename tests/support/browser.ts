/**
 * A real browser for the tests of pages: Debian's Chromium with a profile of its own, gone afterwards.
 *
 * With `SCREENSHOTS=1` in the environment the pages that a test shows are written to `docs/images/`:
 * light, dark, and as wide as a phone.
 *
 * @module
 */
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { isAvailable, OPTIONAL_PROGRAMS } from "./optional_programs.ts";
import { until } from "./until.ts";

const IMAGES = new URL("../../docs/images/", import.meta.url);
const PROGRAM = "/usr/bin/chromium";
/** For what comes; what never comes fails the test. */
const PATIENCE_MS = 120_000;

/** Whether there is a browser; a test without one is skipped, and the test run says so. */
export const HAS_BROWSER: boolean = await isAvailable(
  OPTIONAL_PROGRAMS.find(({ name }) => name === "chromium")!,
);

/**
 * Runs `work` with a new browser that accepts the tests' certificates, and that finds each of `names`
 * on this machine.
 */
export async function withBrowser<T>(
  work: (browser: BrowserContext) => Promise<T>,
  { names = [] }: { readonly names?: readonly string[] } = {},
): Promise<T> {
  const profile = await Deno.makeTempDir({ prefix: "authsome-browser-" });
  try {
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath: PROGRAM,
      headless: true,
      timeout: PATIENCE_MS,
      ignoreHTTPSErrors: true,
      viewport: { width: 860, height: 720 },
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // A browser that holds pages off by itself would hide what the daemon does.
        "--disable-features=LocalNetworkAccessChecks",
        ...names.map((name) => `--host-resolver-rules=MAP ${name} 127.0.0.1`),
      ],
    });
    const closed = new Promise<unknown>((resolve) => browser.once("close", resolve));
    browser.setDefaultTimeout(PATIENCE_MS);
    try {
      return await work(browser);
    } finally {
      // Where the machine is busy the news of its end may overtake the answer, which then fails.
      await browser.close().catch(() => closed);
    }
  } finally {
    // A process of the browser's that ends last may still write there.
    await until(() => Deno.remove(profile, { recursive: true }).then(() => true, () => false));
  }
}

/** How a page is pictured: which looks, and how much of a long page. */
export interface ShootOptions {
  readonly looks?: readonly ("light" | "dark" | "phone")[];
  /** Pixels at most; left out: all of it. */
  readonly height?: number;
}

/** Writes pictures of the page when they are wanted. */
export async function shoot(
  page: Page,
  name: string,
  { looks: wanted = ["light", "dark", "phone"], height }: ShootOptions = {},
): Promise<void> {
  if (Deno.env.get("SCREENSHOTS") !== "1") return;
  await Deno.mkdir(IMAGES, { recursive: true });
  // The port of a test is nobody else's.
  await page.locator("code").evaluateAll((elements) => {
    for (const element of elements as { innerHTML: string }[]) {
      const text = element.innerHTML.replace(/(127\.0\.0\.1):\d+/, "$1:7998");
      if (text !== element.innerHTML) element.innerHTML = text;
    }
  });
  const wide = { width: 860, height: 480 };
  const looks = [
    ["light", wide, "light"],
    ["dark", wide, "dark"],
    ["phone", { width: 390, height: 640 }, "light"],
  ] as const;
  for (const [look, size, colorScheme] of looks.filter(([look]) => wanted.includes(look))) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ ...size, height: height ?? size.height });
    await Deno.writeFile(
      new URL(`${name}-${look}.png`, IMAGES),
      await page.screenshot({ fullPage: height === undefined }),
    );
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(wide);
}
