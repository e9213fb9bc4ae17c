/**
 * The head of every page: our own styles, no script, nothing from anywhere else.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";

/** Where the style of every page is served. */
export const STYLE_PATH = "/ui/style.css";
/** Where the style of the dashboard's own pages is served. */
export const DASHBOARD_STYLE_PATH = "/ui/dashboard.css";

/** What a head says. */
export interface HeadProps {
  readonly title: string;
  /** When the page goes on by itself, without a script, and where to; no address: it reloads. */
  readonly refresh?: { readonly seconds: number; readonly to?: string } | undefined;
  readonly styles: readonly string[];
}

/** The element. */
export function Head({ title, refresh, styles }: HeadProps): Child {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="robots" content="noindex" />
      {refresh === undefined ? null : (
        <meta
          http-equiv="refresh"
          content={refresh.to === undefined
            ? String(refresh.seconds)
            : `${refresh.seconds};url=${refresh.to}`}
        />
      )}
      <title>{title} · authsome</title>
      <link rel="icon" href="data:," />
      {styles.map((href) => <link rel="stylesheet" href={href} />)}
    </head>
  );
}
