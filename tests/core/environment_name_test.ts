import assert from "node:assert/strict";
import { isForbiddenVariable, VARIABLE_NAME } from "../../core/environment_name.ts";

Deno.test("isForbiddenVariable() knows what changes how programs run, in any case", () => {
  for (
    const name of [
      "PATH",
      "Path",
      "LD_PRELOAD",
      "LD_LIBRARY_PATH",
      "DYLD_INSERT_LIBRARIES",
      "NODE_OPTIONS",
      "NODE_EXTRA_CA_CERTS",
      "HTTP_PROXY",
      "https_proxy",
      "NO_PROXY",
      "AUTHSOME_HOME",
      "AUTHSOME_MASTER_KEY",
      "SSL_CERT_FILE",
      "SSLKEYLOGFILE",
      "GIT_SSH_COMMAND",
      "GIT_CONFIG_COUNT",
      "GIT_CONFIG_KEY_0",
      "PYTHONPATH",
      "PYTHONSTARTUP",
      "RUBYOPT",
      "PERL5OPT",
      "JAVA_TOOL_OPTIONS",
      "BASH_ENV",
      "PROMPT_COMMAND",
      "DENO_CERT",
      "DENO_V8_FLAGS",
      "HOME",
      "SSH_AUTH_SOCK",
      "NPM_CONFIG_REGISTRY",
    ]
  ) {
    assert.equal(isForbiddenVariable(name), true, name);
  }
});

Deno.test("isForbiddenVariable() lets credentials be", () => {
  for (
    const name of [
      "GITHUB_TOKEN",
      "GIT_TOKEN",
      "DENO_DEPLOY_TOKEN",
      "PYTHONANYWHERE_API_TOKEN",
      "NPM_TOKEN",
      "PATHFINDER_KEY",
      "TF_TOKEN_app_terraform_io",
    ]
  ) {
    assert.equal(isForbiddenVariable(name), false, name);
    assert.match(name, VARIABLE_NAME);
  }
});
