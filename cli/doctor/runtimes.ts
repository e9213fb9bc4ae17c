/**
 * The programs that `authsome doctor --run` starts, where the machine has them: one request each, in
 * the way that program usually makes it.
 *
 * Each ends with 0 when the answer was 200. 77 says that a part of it is not installed here.
 *
 * @module
 */

/** One way of making a request. */
export interface Runtime {
  /** For a person. */
  readonly name: string;
  /** What is looked for on the path. */
  readonly program: string;
  /** A file to write first; `FILE` in the arguments stands for its path. */
  readonly file?: readonly [name: string, text: string];
  /** `URL` stands for the address. */
  readonly args: readonly string[];
  /** Variables that it needs besides, such as to leave its own project files alone. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Exit code of a trial whose library is not installed. */
export const NOT_INSTALLED = 77;

const PYTHON_REQUESTS = `import sys
try:
    import requests
except ImportError:
    sys.exit(${NOT_INSTALLED})
sys.exit(0 if requests.get(sys.argv[1]).ok else 1)`;

const PYTHON_HTTPX = `import sys
try:
    import httpx
except ImportError:
    sys.exit(${NOT_INSTALLED})
sys.exit(0 if httpx.get(sys.argv[1]).status_code == 200 else 1)`;

const JAVASCRIPT_FETCH = "fetch(process.argv.at(-1)).then((r) => process.exit(r.ok ? 0 : 1), " +
  "(e) => { process.stderr.write(String(e.cause ?? e)); process.exitCode = 1; })";

const GO_GET = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	r, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if r.StatusCode != 200 {
		os.Exit(1)
	}
}
`;

const PHP_CURL = `if (!function_exists("curl_init")) exit(${NOT_INSTALLED});
$c = curl_init($argv[1]);
curl_setopt($c, CURLOPT_RETURNTRANSFER, true);
if (curl_exec($c) === false) fwrite(STDERR, curl_error($c));
exit(curl_getinfo($c, CURLINFO_HTTP_CODE) == 200 ? 0 : 1);`;

const PERL_TINY = `eval { require HTTP::Tiny; require IO::Socket::SSL; 1 } or exit ${NOT_INSTALLED};
my $r = HTTP::Tiny->new(verify_SSL => 1)->get($ARGV[0]);
print STDERR $r->{content} unless $r->{success};
exit($r->{success} ? 0 : 1);`;

const JAVA_GET = `import java.net.*;
import java.net.http.*;
class Get {
  public static void main(String[] args) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(args[0])).build();
    var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.exit(answer.statusCode() == 200 ? 0 : 1);
  }
}
`;

/** All of them, in the order they are tried. */
export const RUNTIMES: readonly Runtime[] = [
  { name: "curl", program: "curl", args: ["-sSf", "URL"] },
  { name: "wget", program: "wget", args: ["-nv", "-O", "-", "URL"] },
  { name: "git", program: "git", args: ["ls-remote", "URL"], env: { GIT_TERMINAL_PROMPT: "0" } },
  {
    name: "Python (urllib)",
    program: "python3",
    args: ["-c", "import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()", "URL"],
  },
  { name: "Python (requests)", program: "python3", args: ["-c", PYTHON_REQUESTS, "URL"] },
  { name: "Python (httpx)", program: "python3", args: ["-c", PYTHON_HTTPX, "URL"] },
  { name: "Node.js (fetch)", program: "node", args: ["-e", JAVASCRIPT_FETCH, "URL"] },
  { name: "Bun (fetch)", program: "bun", args: ["-e", JAVASCRIPT_FETCH, "URL"] },
  {
    name: "Deno (fetch)",
    program: "deno",
    args: ["eval", "--no-config", "Deno.exit((await fetch(Deno.args[0])).ok ? 0 : 1)", "URL"],
  },
  {
    name: "Go (net/http)",
    program: "go",
    file: ["get.go", GO_GET],
    args: ["run", "FILE", "URL"],
    env: { GO111MODULE: "off", GOFLAGS: "" },
  },
  {
    name: "Ruby (open-uri)",
    program: "ruby",
    args: ["-ropen-uri", "-e", "URI.open(ARGV[0]).read", "URL"],
  },
  { name: "PHP (curl)", program: "php", args: ["-r", PHP_CURL, "URL"] },
  { name: "Perl (HTTP::Tiny)", program: "perl", args: ["-e", PERL_TINY, "URL"] },
  {
    name: "Java (HttpClient)",
    program: "java",
    file: ["Get.java", JAVA_GET],
    args: ["FILE", "URL"],
  },
];
