import assert from "node:assert/strict";
import * as errors from "../../core/errors.ts";

type ErrorClass = new (message: string, details?: errors.ErrorDetails) => errors.AuthsomeError;

const CLASSES: readonly (readonly [string, ErrorClass])[] = Object.entries(errors)
  .filter(([name, value]) => name.endsWith("Error") && name !== "AuthsomeError" && value)
  .map(([name, value]) => [name, value as ErrorClass]);

Deno.test("every error class has a code of its own, a status and an exit code", () => {
  const codes = CLASSES.map(([, Class]) => new Class("Cannot: x").code);
  assert.deepEqual(codes.toSorted(), Object.keys(errors.HTTP_STATUS).toSorted());
  assert.deepEqual(codes.toSorted(), Object.keys(errors.EXIT_CODE).toSorted());
  for (const status of Object.values(errors.HTTP_STATUS)) assert.ok(status >= 400 && status < 600);
  for (const exit of Object.values(errors.EXIT_CODE)) assert.ok(exit >= 1 && exit <= 9);
});

/** The named errors of the design: code, HTTP status, exit code. */
const DESIGNED: Readonly<Record<string, readonly [code: string, status: number, exit: number]>> = {
  ProviderNotFoundError: ["provider_not_found", 404, 4],
  ProviderExistsError: ["provider_exists", 409, 7],
  InvalidProviderDefinitionError: ["invalid_provider_definition", 422, 2],
  UnsupportedFlowError: ["unsupported_flow", 400, 4],
  OperationNotAllowedError: ["operation_not_allowed", 403, 4],
  ConnectionNotFoundError: ["connection_not_found", 404, 3],
  ConnectionExistsError: ["connection_exists", 409, 6],
  CredentialMissingError: ["credential_missing", 409, 5],
  TokenExpiredError: ["token_expired", 409, 5],
  RefreshFailedError: ["refresh_failed", 502, 5],
  ReauthorizationRequiredError: ["reauthorization_required", 409, 5],
  AuthorizationResponseError: ["authorization_failed", 400, 2],
  TokenEndpointError: ["token_endpoint_error", 502, 2],
  ClientRegistrationError: ["client_registration_failed", 502, 2],
  LoginExpiredError: ["login_expired", 410, 2],
  InputCancelledError: ["input_cancelled", 400, 2],
  InvalidProofError: ["invalid_proof", 401, 1],
  IdentityNotFoundError: ["identity_not_found", 401, 1],
  GrantDeniedError: ["grant_denied", 403, 4],
  EndpointUnreachableError: ["endpoint_unreachable", 502, 8],
  VaultSealError: ["vault_seal_broken", 500, 1],
  MasterKeyError: ["master_key_unavailable", 500, 1],
  StoreUnavailableError: ["store_unavailable", 503, 1],
  DaemonUnavailableError: ["daemon_unavailable", 503, 9],
  UsageError: ["usage", 400, 2],
  UnexpectedError: ["unexpected", 500, 1],
};

Deno.test("each named error has the code, the status and the exit code of the design", () => {
  const found = Object.fromEntries(
    CLASSES.filter(([name]) => name in DESIGNED).map(([name, Class]) => {
      const { code } = new Class("Cannot: x");
      return [name, [code, errors.HTTP_STATUS[code], errors.EXIT_CODE[code]]];
    }),
  );
  assert.deepEqual(found, DESIGNED);
});

Deno.test("an error comes back from its envelope as the class it was, without its cause", async (t) => {
  for (const [name, Class] of CLASSES) {
    await t.step(name, () => {
      const error = new Class("Cannot x: y", {
        provider: "acme",
        connection: "work",
        operation: "refresh",
        hint: "Run: authsome login acme",
        issues: [{ path: "a.b", message: "is missing" }],
        cause: new Error("hush"),
      });
      const wire = JSON.stringify(error.toEnvelope());
      const back = errors.fromEnvelope(JSON.parse(wire));
      assert.equal(wire.includes("hush") || wire.includes("stack"), false);
      assert.ok(back instanceof Class);
      assert.equal(back.name, name);
      assert.deepEqual(back.toEnvelope(), error.toEnvelope());
    });
  }
});

Deno.test("fromEnvelope() makes an UnexpectedError of a name that is no error of ours", () => {
  for (const error of ["NewerError", "constructor", "__proto__", "toString"]) {
    const back = errors.fromEnvelope({ error, message: "Cannot x: y" });
    assert.equal(back.code, "unexpected");
    assert.equal(back.message, "Cannot x: y");
  }
});
