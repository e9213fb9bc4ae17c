/**
 * The frame of every page: one column, our own style, no script.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";

/** Where the style is served; its name changes with nothing, so it is asked for each time. */
export const STYLE_PATH = "/ui/style.css";

/** What a page fills in. */
export interface LayoutProps {
  readonly title: string;
  /** Colours the heading. */
  readonly mood?: "good" | "bad" | undefined;
  /** Seconds after which the page is asked for again, without a script. */
  readonly refreshSeconds?: number | undefined;
  readonly children?: Child;
}

/** A whole page. */
export function Layout({ title, mood, refreshSeconds, children }: LayoutProps): Child {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        {refreshSeconds === undefined
          ? null
          : <meta http-equiv="refresh" content={String(refreshSeconds)} />}
        <title>{title} · authsome</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={STYLE_PATH} />
      </head>
      <body>
        <header>authsome</header>
        <main class={mood ?? ""}>
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  );
}
