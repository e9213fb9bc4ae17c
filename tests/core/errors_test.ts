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

Deno.test("exit codes are those of the contract", () => {
  const exits = Object.fromEntries(
    CLASSES.map(([name, Class]) => [name, errors.EXIT_CODE[new Class("Cannot: x").code]]),
  );
  assert.equal(exits.UnexpectedError, 1);
  assert.equal(exits.AuthorizationResponseError, 2);
  assert.equal(exits.InputCancelledError, 2);
  assert.equal(exits.UsageError, 2);
  assert.equal(exits.ConnectionNotFoundError, 3);
  assert.equal(exits.ProviderNotFoundError, 4);
  assert.equal(exits.OperationNotAllowedError, 4);
  assert.equal(exits.CredentialMissingError, 5);
  assert.equal(exits.RefreshFailedError, 5);
  assert.equal(exits.ConnectionExistsError, 6);
  assert.equal(exits.ProviderExistsError, 7);
  assert.equal(exits.EndpointUnreachableError, 8);
  assert.equal(exits.DaemonUnavailableError, 9);
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
