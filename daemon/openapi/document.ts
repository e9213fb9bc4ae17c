/**
 * The OpenAPI 3.1 document, made from the register of operations and the schemas that validate.
 *
 * @module
 */
import { z } from "@zod/zod";
import { HTTP_STATUS } from "../../core/errors.ts";
import { providerFileSchema } from "../../core/provider_file.ts";
import { account, errorEnvelope, filledInjection, inputField } from "./answer_schema.ts";
import { ERROR_NAMES } from "./error_names.ts";
import { errorsOf, type Operation, type Parameter, TAGS } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

/** Anything JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: JsonObject;
  readonly servers: readonly JsonObject[];
  readonly tags: readonly JsonObject[];
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonObject>>;
    readonly securitySchemes: JsonObject;
  };
}

const DESCRIPTION = `The daemon's HTTP API on 127.0.0.1. Every route answers below \`/api\` and ` +
  "without it. Except where nothing is said of a proof, a request carries " +
  "`Authorization: PoP <jwt>`: a JWT (EdDSA) over method, target and body that works once. " +
  "How it is made, byte by byte, is in `docs/http-api.md`.";

const PROOF_DESCRIPTION = "`Authorization: PoP <jwt>`, signed for this one request: claims `iss` " +
  "(did:key), `sub` (handle or grant id), `aud` `authsome-daemon`, `iat`, `exp`, `jti`, `htm`, " +
  "`htu` (path and query as sent) and `body_sha256`.";

/** The document of a daemon of this version. */
export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describe(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "authsome",
      version,
      license: { name: "MIT", identifier: "MIT" },
      description: DESCRIPTION,
    },
    servers: [
      { url: "/api", description: "Where links of the daemon lead" },
      { url: "/", description: "The same" },
    ],
    tags: [...new Set(OPERATIONS.map(({ tag }) => tag))]
      .map((name) => ({ name, description: TAGS[name] })),
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        proof: { type: "http", scheme: "PoP", description: PROOF_DESCRIPTION },
      },
    },
  };
}

function describe(operation: Operation): JsonObject {
  const { id, tag, summary, description, caller, parameters, request } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [description, CALLERS[caller]].filter(Boolean).join("\n\n"),
    security: caller === "anyone" ? [] : [{ proof: [] }],
    "x-callers": caller,
    ...(parameters === undefined ? {} : {
      parameters: parameters.map((parameter) => ({
        ...parameter,
        required: parameter.in === "path",
        example: exampleOf(parameter),
      })),
    }),
    ...(request === undefined ? {} : {
      requestBody: {
        required: true,
        content: { [request.type]: { schema: reference(request.name), example: request.example } },
      },
    }),
    responses: { ...answers(operation), ...errorAnswers(operation) },
  };
}

const CALLERS: Readonly<Record<Operation["caller"], string>> = {
  anyone: "Answers without a proof.",
  new_identity: "The proof is signed by the key that is being registered.",
  owner: "Registered identities only; the key of a run is refused with `GrantDeniedError`.",
  owner_or_run: "Registered identities, and the key of a run within its grant.",
};

function exampleOf({ schema, example }: Parameter): string | number {
  return schema["type"] === "integer" ? Number(example) : example;
}

function answers({ answer }: Operation): Record<string, JsonObject> {
  const { type, description, name, example, headers } = answer;
  const content = {
    [type]: {
      schema: name === undefined ? { type: "string" } : reference(name),
      ...(example === undefined ? {} : { example }),
    },
  };
  const answered = {
    [answer.status]: {
      description,
      ...(headers === undefined ? {} : { headers: describeHeaders(headers) }),
      content,
    },
  };
  // A login's pages lead on to the provider, or to the page that belongs to where it stands.
  return type === "text/html"
    ? { ...answered, 303: { description: "Goes on elsewhere", headers: LOCATION } }
    : answered;
}

function describeHeaders(headers: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, description]) => [name, { description, schema: { type: "string" } }]),
  );
}

const LOCATION = { location: { required: true, schema: { type: "string" } } };

/** One answer for each status, naming the errors that have it. */
function errorAnswers(operation: Operation): Record<string, JsonObject> {
  const byStatus = Map.groupBy(errorsOf(operation), (code) => HTTP_STATUS[code]);
  return Object.fromEntries([...byStatus].map(([status, codes]) => {
    const names = codes.map((code) => ERROR_NAMES.get(code)!).sort();
    const schema = {
      allOf: [reference("ErrorEnvelope"), { properties: { error: { enum: names } } }],
    };
    const page = { "text/html": { schema: { type: "string" } } };
    return [status, {
      description: names.join(", "),
      content: {
        "application/json": { schema },
        ...(operation.answer.type === "text/html" ? page : {}),
      },
    }];
  }));
}

function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function componentSchemas(): Record<string, JsonObject> {
  return {
    ...schemasOf([
      { name: "ProviderFile", schema: providerFileSchema },
      ...OPERATIONS.flatMap(({ request }) => request ?? []),
    ], "input"),
    ...schemasOf([
      { name: "ErrorEnvelope", schema: errorEnvelope },
      // Parts that several answers have, or that a caller wants a name for.
      { name: "Account", schema: account },
      { name: "InputField", schema: inputField },
      { name: "Injection", schema: filledInjection },
      ...OPERATIONS.flatMap(({ answer: { name, schema } }) =>
        name === undefined || schema === undefined ? [] : [{ name, schema }]
      ),
    ], "output"),
  };
}

function schemasOf(
  named: readonly { readonly name: string; readonly schema: z.ZodType }[],
  io: "input" | "output",
): Record<string, JsonObject> {
  const registry = z.registry<{ id: string }>();
  for (const { name, schema } of named) registry.add(schema, { id: name });
  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: (name) => `#/components/schemas/${name}`,
    override: ({ jsonSchema }) => plain(jsonSchema),
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, ...schema }]) => [name, schema]),
  );
}

/** Takes off what only our own validator can do something with. */
function plain(schema: z.core.JSONSchema.BaseSchema): void {
  // The pattern that stands beside says what it means.
  if (schema.format === "starts_with") delete schema.format;
  // `format` says it, and nobody's generator reads a pattern of two hundred characters.
  if (schema.format === "date-time") delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
