/**
 * A private git repository as a server offers it: git's own `http-backend`, behind TLS and behind
 * plain HTTP, with the challenge that git answers from its credential helper.
 *
 * @module
 */
import { makeTestCertificate } from "./tls_upstream.ts";

/** What came, and what it carried. */
export interface GitRequest {
  readonly target: string;
  /** `USER:PASSWORD` of its Basic authentication; null without any. */
  readonly login: string | null;
  readonly status: number;
}

/** A running server. */
export interface GitServer {
  readonly port: number;
  readonly plainPort: number;
  readonly authorityPem: string;
  readonly requests: GitRequest[];
  close(): Promise<void>;
}

/** What to serve. */
export interface GitServerOptions {
  readonly hosts: readonly [string, ...string[]];
  /** An empty directory for the repository. */
  readonly directory: string;
  /** Whether `USER:PASSWORD` may read and write. */
  readonly isWelcome: (login: string | null) => boolean;
}

/** Serves `/project.git` with one commit, a README that says hello. */
export async function startGitServer(
  { hosts, directory, isWelcome }: GitServerOptions,
): Promise<GitServer> {
  await makeRepository(directory);
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate(hosts);
  const requests: GitRequest[] = [];
  const handle = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const login = loginOf(request.headers.get("authorization"));
    const response = isWelcome(login)
      ? await askBackend(directory, request)
      : new Response("who are you?\n", {
        status: 401,
        headers: { "www-authenticate": 'Basic realm="git"' },
      });
    requests.push({ target: pathname + search, login, status: response.status });
    return response;
  };
  const common = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const servers = [
    Deno.serve({ ...common, cert: certificatePem, key: keyPem }, handle),
    Deno.serve(common, handle),
  ];
  return {
    port: servers[0]!.addr.port,
    plainPort: servers[1]!.addr.port,
    authorityPem,
    requests,
    close: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

/** Runs git with nobody's configuration; gives what it printed. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args,
    cwd,
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

async function makeRepository(directory: string): Promise<void> {
  const work = `${directory}/work`;
  await Deno.mkdir(work);
  await Deno.writeTextFile(`${work}/README`, "hello\n");
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@acme.test"];
  await git(work, "init", "--quiet", "--initial-branch=main");
  await git(work, "add", "README");
  await git(work, ...identity, "commit", "--quiet", "-m", "first");
  await git(directory, "clone", "--quiet", "--bare", work, "project.git");
  await git(`${directory}/project.git`, "config", "http.receivepack", "true");
}

function loginOf(authorization: string | null): string | null {
  const encoded = /^Basic (.+)$/i.exec(authorization ?? "")?.[1];
  return encoded === undefined ? null : atob(encoded);
}

/** One request of the Common Gateway Interface (RFC 3875). */
async function askBackend(directory: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const child = new Deno.Command("git", {
    args: ["http-backend"],
    env: {
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      HTTP_CONTENT_ENCODING: request.headers.get("content-encoding") ?? "",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const answer = child.output();
  const input = child.stdin.getWriter();
  await input.write(await request.bytes()).then(() => input.close()).catch(() => {});
  return readCgiAnswer((await answer).stdout);
}

function readCgiAnswer(bytes: Uint8Array<ArrayBuffer>): Response {
  const end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
  const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\r\n");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  const status = Number.parseInt(headers.get("status") ?? "200");
  headers.delete("status");
  return new Response(bytes.subarray(end + 4), { status, headers });
}
