import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic();
const request = {
  model: "claude-opus-4-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "hello" }],
};
const answer = await client.messages.create(request);
console.log("whole:", answer.content[0].text);
const pieces = [];
const stream = client.messages.stream(request).on("text", (text) => pieces.push(text));
await stream.done();
console.log("streamed:", pieces.join("|"));
