import http from "node:http";

const targets = [];
const encode = (text) => Buffer.from(text, "latin1").toString("base64");

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on("error", () => {});
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    if (request.url === "/targets") return response.end(JSON.stringify(targets));
    targets.push(encode(request.url));
    const { rawHeaders } = request;
    const fields = [];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      fields.push(encode(`${rawHeaders[at]}:${rawHeaders[at + 1]}`));
    }
    const reading = {
      method: encode(request.method),
      target: encode(request.url),
      fields,
      body: Buffer.concat(pieces).toString("base64"),
    };
    response.setHeader("x-reading", encode(JSON.stringify(reading)));
    response.setHeader("content-length", "0");
    response.end();
  });
});
server.maxHeadersCount = 0;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
