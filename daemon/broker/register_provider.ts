/**
 * Takes in a person's own provider definition, after the same checks as the bundled ones.
 *
 * @module
 */
import type { ProviderChange, RegisterProviderRequest } from "../../core/api.ts";
import { ProviderExistsError } from "../../core/errors.ts";
import { readProviderConnections } from "../records/connection_index.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/**
 * A request body: `{definition, force, allow_private}`, or the definition by itself as the reference
 * implementation's clients send it.
 *
 * @throws {InvalidRequestError}
 */
export async function readRegistration(body: unknown): Promise<RegisterProviderRequest> {
  const { parseRequest, registerProviderRequest } = await import("../../core/api_schema.ts");
  const wrapped = typeof body === "object" && body !== null && "definition" in body;
  return parseRequest(registerProviderRequest, wrapped ? body : { definition: body }, "body");
}

/**
 * Keeps the definition.
 *
 * @throws {InvalidProviderDefinitionError} naming each place that breaks a rule.
 * @throws {ProviderExistsError} when a custom one of that name exists, unless `force`.
 */
export async function registerProvider(
  broker: Broker,
  owner: OwnerCaller,
  { definition: source, force = false, allow_private = false }: RegisterProviderRequest,
): Promise<ProviderChange> {
  const { catalogue } = broker;
  // Loaded when it is needed: the schema of definitions costs a daemon 8 MB that most never use.
  const { parseProvider } = await import("../../core/provider_schema.ts");
  const definition = parseProvider(source, { allowPrivate: allow_private });
  const { name } = definition;
  const replaces = catalogue.find(name) !== null && catalogue.sourceOf(name) === "custom";
  if (replaces && !force) {
    throw new ProviderExistsError(`Cannot register ${name}: a provider of that name exists`, {
      provider: name,
      hint: `To replace it: authsome register FILE --force`,
    });
  }
  const warnings: string[] = [];
  if (catalogue.isBundled(name)) warnings.push(`${name} now hides the bundled definition`);
  const existing = await readProviderConnections(broker.vault, owner.vault_id, name);
  if (existing !== null) {
    warnings.push(
      `${existing.connections.length} connection(s) now follow this definition's hosts`,
    );
  }
  broker.audit({
    event: "register",
    status: "success",
    provider: name,
    identity: owner.identity,
    details: { hosts: definition.hosts.map(({ url }) => url), allow_private },
  });
  await catalogue.save(definition);
  broker.changes.publish({ type: "providers" });
  return { status: "ok", provider: name, action: replaces ? "replaced" : "registered", warnings };
}
