from anthropic import Anthropic

client = Anthropic()
request = {
    "model": "claude-opus-4-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hello"}],
}
print("whole:", client.messages.create(**request).content[0].text)
with client.messages.stream(**request) as stream:
    print("streamed:", "|".join(stream.text_stream))
