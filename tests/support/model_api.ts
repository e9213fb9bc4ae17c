/**
 * What the OpenAI and Anthropic libraries need an API to answer: one completion, whole or streamed.
 *
 * @module
 */
import type { RecordedRequest } from "./tls_upstream.ts";

/** The answer to a request of one of the two libraries, or null when it is none. */
export function answerAsModel({ target, body }: RecordedRequest): Response | null {
  if (target.endsWith("/v1/chat/completions")) {
    return JSON.parse(body).stream ? openAiStream() : openAiAnswer();
  }
  if (target.endsWith("/v1/messages")) {
    return JSON.parse(body).stream ? anthropicStream() : anthropicAnswer();
  }
  return null;
}

const PIECES = ["hel", "lo"];

function openAiAnswer(): Response {
  return Response.json({
    ...OPENAI,
    object: "chat.completion",
    choices: [{
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", content: PIECES.join("") },
    }],
  });
}

function openAiStream(): Response {
  const chunks = PIECES.map((content) => ({
    ...OPENAI,
    object: "chat.completion.chunk",
    choices: [{ index: 0, finish_reason: null, delta: { content } }],
  }));
  return events([...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}`), "data: [DONE]"]);
}

const OPENAI = { id: "chatcmpl-1", created: 1, model: "gpt-5" };

function anthropicAnswer(): Response {
  return Response.json({ ...ANTHROPIC, content: [{ type: "text", text: PIECES.join("") }] });
}

function anthropicStream(): Response {
  const steps = [
    { type: "message_start", message: { ...ANTHROPIC, stop_reason: null, content: [] } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...PIECES.map((text) => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text },
    })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ];
  return events(steps.map((step) => `event: ${step.type}\ndata: ${JSON.stringify(step)}`));
}

const ANTHROPIC = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-opus-4-5",
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 2 },
};

function events(lines: readonly string[]): Response {
  return new Response(lines.map((line) => `${line}\n\n`).join(""), {
    headers: { "content-type": "text/event-stream" },
  });
}
