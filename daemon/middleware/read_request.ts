/**
 * A request's body or query as the type its schema says. The schemas are loaded with the first
 * request that needs one: they cost an idle daemon 15 MB and its start a quarter of its time.
 *
 * @module
 */
import type { Context } from "@hono/hono";
import type { z } from "@zod/zod";
import type { ApiEnv } from "./api_env.ts";
import { parseJson } from "./body_limit.ts";

type Schemas = typeof import("../../core/api_schema.ts");

/** Picks a schema out of `core/api_schema.ts`. */
type PickSchema<T> = (schemas: Schemas) => z.ZodType<T>;

let loading: Promise<Schemas> | null = null;
let loaded: Schemas | null = null;

/** The schemas, loaded once. */
export async function requestSchemas(): Promise<Schemas> {
  loading ??= import("../../core/api_schema.ts");
  return loaded ??= await loading;
}

/** The JSON body. @throws {InvalidRequestError} */
export async function readBodyAs<T>(c: Context<ApiEnv>, pick: PickSchema<T>): Promise<T> {
  const body = parseJson(c.get("body"));
  const schemas = loaded ?? await requestSchemas();
  return schemas.parseRequest(pick(schemas), body, "body");
}

/** The query. Every part of every query may be left out. @throws {InvalidRequestError} */
export async function readQueryAs<T extends object>(
  c: Context<ApiEnv>,
  pick: PickSchema<T>,
): Promise<Partial<T>> {
  const query = c.req.query();
  if (Object.keys(query).length === 0) return {};
  const schemas = loaded ?? await requestSchemas();
  return schemas.parseRequest(pick(schemas), query, "query");
}
