/**
 * A script that Node.js loads first (`NODE_OPTIONS=--require`), so that `fetch`, `node:http(s)` and
 * what is built on their agents use `HTTPS_PROXY`: Node 18 and 20 ignore it by themselves, 22.21 and
 * 24.5 on need `NODE_USE_ENV_PROXY=1`, which the child has too. These look after `fetch` and the default
 * agents; the agents that libraries make for themselves are ours there, too. An agent of a class of its
 * own stays as it is.
 *
 * It runs inside other people's programs: no dependency, and a failure of it is silent unless
 * `AUTHSOME_DEBUG` is set.
 *
 * @module
 */

/** File name inside the run's directory. */
export const NODE_BOOTSTRAP_NAME = "node_bootstrap.cjs";

/** The script. */
export const NODE_BOOTSTRAP: string = String.raw`"use strict";
// Written by "authsome run"; removed when it ends. See https://nodejs.org/api/cli.html#-r---require-module
try {
  const env = process.env;
  const proxyUrl = env.https_proxy || env.HTTPS_PROXY;
  const [major, minor] = process.versions.node.split(".").map(Number);
  const knowsProxies = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
  if (proxyUrl) install(new URL(proxyUrl), Boolean(knowsProxies && env.NODE_USE_ENV_PROXY));
} catch (error) {
  if (process.env.AUTHSOME_DEBUG) console.error("authsome bootstrap:", error);
}

function install(proxy, knowsProxies) {
  const net = require("net");
  const tls = require("tls");
  const https = require("https");
  const env = process.env;
  const credentials = proxy.username
    ? "Proxy-Authorization: Basic " + Buffer.from(
      decodeURIComponent(proxy.username) + ":" + decodeURIComponent(proxy.password),
    ).toString("base64") + "\r\n"
    : "";
  const exceptions = (env.no_proxy || env.NO_PROXY || "").split(",")
    .map((entry) => entry.trim().replace(/^\*?\./, "").toLowerCase()).filter(Boolean);
  const isDirect = (host) =>
    exceptions.some((entry) => entry === "*" || host === entry || host.endsWith("." + entry));
  const plainHost = (host) => String(host || "localhost").replace(/^\[|\]$/g, "").toLowerCase();

  /** Opens a tunnel and gives its socket; calls back once, later, with an error or that socket. */
  function openTunnel(host, port, callback) {
    const socket = net.connect(Number(proxy.port) || 80, plainHost(proxy.hostname));
    const target = (net.isIPv6(host) ? "[" + host + "]" : host) + ":" + port;
    let received = Buffer.alloc(0);
    let isDone = false;
    const finish = (error) => {
      if (isDone) return;
      isDone = true;
      socket.removeListener("data", onData);
      socket.removeListener("error", finish);
      socket.removeListener("close", onClose);
      if (error) socket.destroy();
      callback(error, socket);
    };
    const onClose = () => {
      finish(Object.assign(new Error("the proxy closed the connection"), { code: "ECONNRESET" }));
    };
    const onData = (data) => {
      received = Buffer.concat([received, data]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const status = Number(received.toString("latin1", 9, 12));
      if (status !== 200) {
        const said = received.toString("utf8", end + 4).trim();
        return finish(new Error("the proxy answered " + status + (said ? ": " + said : "")));
      }
      socket.pause();
      const rest = received.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
      finish(null);
    };
    socket.once("connect", () => {
      socket.setNoDelay(true);
      socket.write("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + credentials + "\r\n");
    });
    socket.on("data", onData);
    socket.once("error", finish);
    socket.once("close", onClose);
    return socket;
  }

  /**
   * Opens a connection for an agent as Node would: counted from its beginning, or "maxSockets" would
   * not hold, and failing by itself, or the requests behind it would wait for ever.
   */
  function openFor(agent, options, open, callback) {
    const name = agent.getName(options);
    const tunnel = open((error, socket) => {
      const counted = agent.sockets[name] || [];
      const index = counted.indexOf(tunnel);
      if (index >= 0) {
        counted.splice(index, 1);
        if (counted.length === 0) delete agent.sockets[name];
        agent.totalSocketCount--;
      }
      if (!error) return callback(null, socket);
      const failed = new net.Socket();
      // What is written to it goes nowhere.
      failed.cork();
      callback(null, failed);
      // When the request listens to it.
      setImmediate(() => failed.destroy(error));
    });
    (agent.sockets[name] || (agent.sockets[name] = [])).push(tunnel);
    agent.totalSocketCount++;
  }

  /** Every agent of this very class, the default one and those that a program makes. */
  function replaceConnect(Agent, connect) {
    const original = Agent.prototype.createConnection;
    Agent.prototype.createConnection = function (options, callback) {
      const host = plainHost(options.host || options.hostname);
      // A class of its own may count on a socket at once; and who has "proxyEnv" does it without us.
      const isOurs = this && this.constructor === Agent && !(this.options && this.options.proxyEnv) &&
        typeof callback === "function" && !options.socketPath && !options.socket && !isDirect(host);
      if (!isOurs) return original.call(this, options, callback);
      openFor(this, options, (opened) => connect(host, options, opened), callback);
    };
  }

  replaceConnect(https.Agent, (host, options, callback) =>
    openTunnel(host, options.port || 443, (error, socket) => {
      if (error) return callback(error);
      const name = plainHost(options.servername || host);
      callback(null, tls.connect({ ...options, socket, servername: net.isIP(name) ? undefined : name }));
    }));

  // Through a tunnel as well, so that one way serves both.
  replaceConnect(require("http").Agent, (host, options, callback) =>
    openTunnel(host, options.port || 80, (error, socket) => {
      callback(error, socket);
      // It was paused for the tunnel's sake; TLS would resume it, HTTP waits for that in vain.
      if (!error) socket.resume();
    }));
  if (knowsProxies) return withoutTheWarning();

  // fetch: undici inside Node cannot be imported, but its dispatcher is global and takes a connector.
  const key = Symbol.for("undici.globalDispatcher.1");
  const connect = (options, callback) => {
    const host = plainHost(options.hostname);
    const isSecure = options.protocol === "https:";
    const port = Number(options.port) || (isSecure ? 443 : 80);
    const secure = (error, socket) => {
      if (error || !isSecure) return callback(error, socket);
      const name = plainHost(options.servername || host);
      const secured = tls.connect({
        socket,
        host,
        servername: net.isIP(name) ? undefined : name,
        ALPNProtocols: ["http/1.1"],
      });
      secured.once("secureConnect", () => callback(null, secured));
      secured.once("error", callback);
    };
    if (!isDirect(host)) return openTunnel(host, port, secure);
    const socket = net.connect(port, host);
    socket.once("connect", () => secure(null, socket));
    socket.once("error", callback);
  };
  const replaceDispatcher = () => {
    const current = globalThis[key];
    if (!current) return false;
    globalThis[key] = new current.constructor({ connect });
    return true;
  };
  if (typeof globalThis.fetch !== "function" || replaceDispatcher()) return;
  // It appears with the first use of fetch.
  globalThis.fetch("data:,").catch(() => {});
  replaceDispatcher();
}

/** Node 22 tells each program that its way through proxies is experimental; none of them chose it. */
function withoutTheWarning() {
  if (!process.versions.node.startsWith("22.")) return;
  const emit = process.emit;
  process.emit = function (name, warning) {
    if (name !== "warning" || !warning || warning.code !== "UNDICI-EHPA") {
      return emit.apply(this, arguments);
    }
    process.emit = emit;
    return false;
  };
}
`;
