import OpenAI from "openai";

const client = new OpenAI();
const messages = [{ role: "user", content: "hello" }];
const answer = await client.chat.completions.create({ model: "gpt-5", messages });
console.log("whole:", answer.choices[0].message.content);
const pieces = [];
for await (
  const piece of await client.chat.completions.create({ model: "gpt-5", messages, stream: true })
) {
  pieces.push(piece.choices[0].delta.content);
}
console.log("streamed:", pieces.join("|"));
