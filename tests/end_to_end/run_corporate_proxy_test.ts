/**
 * `authsome run` where the only way out is a company's proxy with a password: the run chains through
 * it, and its child neither uses it nor learns the password.
 */
import assert from "node:assert/strict";
import { ACME_HOST, ACME_KEY, openAcmeHome, OTHER_HOST } from "../support/acme_home.ts";
import { works } from "../support/client_programs.ts";
import { startCorporateProxy } from "../support/corporate_proxy.ts";

const PASSWORD = "hunter2@work";
const PLAIN_HOST = "plain.acme.test";

Deno.test(
  "a run chains through HTTPS_PROXY and HTTP_PROXY, and its child does not see the password",
  {
    ignore: !await works("curl", "--version"),
  },
  async () => {
    const acme = await openAcmeHome();
    const heads: string[] = [];
    const corporate = startCorporateProxy(heads, acme.api.port);
    const place = `http://me:${encodeURIComponent(PASSWORD)}@127.0.0.1:${corporate.port}`;
    const urls = [`https://${ACME_HOST}/1`, `https://${OTHER_HOST}/2`, `http://${PLAIN_HOST}/3`];

    // None of these names can be resolved here: the company's proxy does that.
    const { code, stdout, stderr } = await acme.home.authsome([
      ...[
        "run",
        "--",
        "sh",
        "-c",
        'env; for url; do curl -sS -o /dev/null -w "%{http_code}\\n" $url; done',
      ],
      ...["sh", ...urls],
    ], {
      env: {
        HTTPS_PROXY: place,
        HTTP_PROXY: place,
        https_proxy: "",
        http_proxy: "",
        NO_PROXY: "",
        no_proxy: "",
        SSL_CERT_FILE: `${acme.directory}/acme-roots.pem`,
        CURL_CA_BUNDLE: "",
        // The runtime's own curiosity would go through that proxy, too.
        DENO_NO_UPDATE_CHECK: "1",
      },
    });

    assert.equal(code, 0, stderr);
    assert.match(stdout, /\n200\n200\n200\n$/);
    assert.ok(!(stdout + stderr).includes(PASSWORD));
    assert.ok(!(stdout + stderr).includes(encodeURIComponent(PASSWORD)));
    const login = `Proxy-Authorization: Basic ${btoa(`me:${PASSWORD}`)}\r\n`;
    assert.deepEqual(
      heads.map((head) => [head.slice(0, head.indexOf(" HTTP/1.1")), head.includes(login)]),
      [
        [`CONNECT ${ACME_HOST}:443`, true],
        [`CONNECT ${OTHER_HOST}:443`, true],
        [`GET http://${PLAIN_HOST}:80/3`, true],
      ],
    );
    assert.deepEqual(
      acme.api.requests.map(({ target, headers }) => [target, headers.get("x-api-key")]),
      [["/1", ACME_KEY], ["/2", null]],
    );
    await corporate.close();
    await acme.close();
  },
);
