/**
 * A git repository behind HTTPS: git's dumb protocol, which is nothing but files.
 *
 * @module
 */
import { startTlsUpstream, type TlsUpstream } from "./tls_upstream.ts";

/** Serves `/project.git` with one commit, a README that says hello. */
export async function startGitServer(host: string, directory: string): Promise<TlsUpstream> {
  const work = `${directory}/work`;
  const bare = `${directory}/project.git`;
  await Deno.mkdir(work);
  await Deno.writeTextFile(`${work}/README`, "hello\n");
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@acme.test"];
  await git(work, "init", "--quiet");
  await git(work, "add", "README");
  await git(work, ...identity, "commit", "--quiet", "-m", "first");
  await git(directory, "clone", "--quiet", "--bare", work, bare);
  await git(bare, "update-server-info");
  return startTlsUpstream([host], async ({ target }) => {
    const path = new URL(target, `https://${host}`).pathname;
    try {
      return new Response(await Deno.readFile(directory + path));
    } catch {
      return new Response("not found", { status: 404 });
    }
  });
}

async function git(cwd: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("git", {
    args,
    cwd,
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
