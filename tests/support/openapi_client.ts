/**
 * A client made of nothing but an OpenAPI document: it builds requests from paths, parameters and
 * examples, and holds every answer to what the document says of it.
 *
 * @module
 */
import { fail, ok } from "node:assert/strict";
import { Ajv2020 } from "npm:ajv@8.20.0/dist/2020.js";
import formats from "npm:ajv-formats@3.0.1";

/** A parameter as the document has it. */
interface DocumentedParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly example: string | number;
}

/** One content of a body. */
interface DocumentedContent {
  readonly schema: object;
  readonly example?: unknown;
}

/** An operation as the document has it. */
export interface DocumentedOperation {
  readonly operationId: string;
  /** Upper case. */
  readonly method: string;
  readonly path: string;
  readonly security: readonly object[];
  readonly "x-callers": string;
  readonly parameters?: readonly DocumentedParameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, DocumentedContent>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, DocumentedContent>> }>
  >;
}

/** The parts of a document that are read here. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** A request that the document describes. */
export interface DocumentedRequest {
  readonly method: string;
  /** Path and query, without a server's prefix. */
  readonly target: string;
  readonly type: string | null;
  /** Text of the body, `null` for none. */
  readonly body: string | null;
}

/** What stands in for the document's examples. */
export interface Values {
  /** By parameter name; `null` leaves a query parameter out. */
  readonly parameters?: Readonly<Record<string, string | null>>;
  /** Fields on top of the example of the body. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Builds requests and judges answers. */
export class OpenApiClient {
  readonly operations: readonly DocumentedOperation[];
  readonly #ajv: Ajv2020;
  readonly #document: Document;

  /** A client of the API that `document` describes. */
  constructor(document: Document) {
    this.#document = document;
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        ...operation as DocumentedOperation,
        method: method.toUpperCase(),
        path,
      }))
    );
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(this.#ajv);
    this.#ajv.addSchema({ ...document, $id: "document" });
  }

  /** The request of an operation. */
  request(operation: DocumentedOperation, values: Values = {}): DocumentedRequest {
    const query = new URLSearchParams();
    let path = operation.path;
    for (const { name, in: place, example } of operation.parameters ?? []) {
      const value = values.parameters?.[name];
      if (place === "path") {
        path = path.replace(`{${name}}`, encodeURIComponent(value ?? example));
      } else if (place === "query" && value !== null) {
        query.set(name, String(value ?? example));
      }
    }
    const target = query.size === 0 ? path : `${path}?${query}`;
    const [content] = Object.entries(operation.requestBody?.content ?? {});
    if (content === undefined) {
      return { method: operation.method, target, type: null, body: null };
    }
    const [type, { example }] = content;
    const data = { ...example as Record<string, string>, ...values.body };
    const body = type === "application/json"
      ? JSON.stringify(data)
      : new URLSearchParams(data as Record<string, string>).toString();
    return { method: operation.method, target, type, body };
  }

  /** Whether the document's own examples fit the document's own schemas. */
  checkExamples(operation: DocumentedOperation): void {
    const answers = Object.values(operation.responses).map(({ content }) => content ?? {});
    for (const contents of [operation.requestBody?.content ?? {}, ...answers]) {
      for (const { schema, example } of Object.values(contents)) {
        if (example !== undefined) this.#validate(schema, example, operation.operationId);
      }
    }
  }

  /**
   * Fails unless the answer's status, type and body are documented for the operation; gives the body.
   */
  async checkAnswer(operation: DocumentedOperation, response: Response): Promise<string> {
    const { status, headers } = response;
    const where = `${operation.operationId} answered ${status}`;
    const documented = operation.responses[status];
    const type = (headers.get("content-type") ?? "").split(";")[0]!;
    const text = type === "text/event-stream" ? await firstChunk(response) : await response.text();
    if (documented === undefined) fail(`${where}, which is not documented: ${text}`);
    if (documented.content === undefined) return text;
    const content = documented.content[type];
    if (content === undefined) fail(`${where} as ${type}, which is not documented: ${text}`);
    this.#validate(content.schema, type === "application/json" ? JSON.parse(text) : text, where);
    return text;
  }

  #validate(schema: object, value: unknown, where: string): void {
    const inDocument = JSON.parse(
      JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"document#/'),
    );
    const fits = this.#ajv.validate(inDocument, value);
    ok(fits, `${where} with ${JSON.stringify(value)}: ${this.#ajv.errorsText()}`);
  }

  /** Names of the schemas. */
  get schemas(): string[] {
    return Object.keys(this.#document.components.schemas);
  }
}

async function firstChunk(response: Response): Promise<string> {
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}
