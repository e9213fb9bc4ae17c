/**
 * The frame of a login's pages: one column, our own style, no script.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import { Head, type HeadProps, STYLE_PATH } from "./head.tsx";

/** What a page fills in. */
export interface LayoutProps {
  readonly title: string;
  /** Colours the heading. */
  readonly mood?: "good" | "bad" | undefined;
  /** When the page goes on by itself. */
  readonly refresh?: HeadProps["refresh"];
  readonly children?: Child;
}

/** A whole page. */
export function Layout({ title, mood, refresh, children }: LayoutProps): Child {
  return (
    <html lang="en">
      <Head title={title} refresh={refresh} styles={[STYLE_PATH]} />
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
