/**
 * The API describing itself: `GET /openapi.json`, and `GET /docs` with Swagger UI. Public: they say
 * what any copy of the source says.
 *
 * Nothing of it is loaded before it is asked for, and nothing comes from another host: the page's
 * script and style are carried in the package (docs/adr/0007-openapi-and-swagger-ui.md).
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Context } from "@hono/hono";
import type { ApiEnv } from "../middleware/api_env.ts";

/**
 * What the page may load and do: its own script and style, and ask for the document. Swagger UI sets
 * style attributes through the DOM, which `style-src` lets pass; its icons are `data:` images.
 */
const DOCS_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; " +
  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>authsome HTTP API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript. The document itself: <a href="/openapi.json">openapi.json</a></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script>
</body>
</html>
`;

// No "Try it out": a request needs a proof, and no page gets at a key that could sign one.
const INIT = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: [],
  validatorUrl: null
});
`;

/** The document and the page, of a daemon of this version. */
export function apiDocsRoutes(version: string): Hono<ApiEnv> {
  let document: Promise<string> | null = null;
  return new Hono<ApiEnv>()
    .get("/openapi.json", async (c) => {
      document ??= makeDocument(version);
      c.header("content-type", "application/json");
      return c.body(await document);
    })
    .get("/docs", (c) => {
      c.header("content-security-policy", DOCS_POLICY);
      return c.html(PAGE);
    })
    .get("/docs/init.js", (c) => asset(c, SCRIPT, INIT))
    .get("/docs/swagger-ui-bundle.js", async (c) => {
      return asset(c, SCRIPT, unpack((await swaggerUi()).script_gzip));
    })
    .get("/docs/swagger-ui.css", async (c) => {
      return asset(c, STYLE, unpack((await swaggerUi()).style_gzip));
    })
    // Where the script says that its notices are.
    .get("/docs/swagger-ui-bundle.js.LICENSE.txt", async (c) => {
      return asset(c, "text/plain; charset=utf-8", unpack((await swaggerUi()).notices_gzip));
    });
}

/** What is carried of Swagger UI; each part base64 of gzip. */
interface SwaggerUi {
  readonly script_gzip: string;
  readonly style_gzip: string;
  readonly notices_gzip: string;
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

async function makeDocument(version: string): Promise<string> {
  const { openApiDocument } = await import("../openapi/document.ts");
  return JSON.stringify(openApiDocument(version));
}

/** The files of the npm package, as `deno task swagger_ui` packed them. */
async function swaggerUi(): Promise<SwaggerUi> {
  return (await import("../openapi/swagger_ui.json", { with: { type: "json" } })).default;
}

function unpack(base64: string): ReadableStream<Uint8Array> {
  const packed = new Blob([Uint8Array.fromBase64(base64)]);
  return packed.stream().pipeThrough(new DecompressionStream("gzip"));
}

function asset(c: Context<ApiEnv>, type: string, body: string | ReadableStream): Response {
  c.header("content-type", type);
  c.header("cache-control", "max-age=3600");
  return c.body(body);
}
