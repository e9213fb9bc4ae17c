from openai import OpenAI

client = OpenAI()
messages = [{"role": "user", "content": "hello"}]
answer = client.chat.completions.create(model="gpt-5", messages=messages)
print("whole:", answer.choices[0].message.content)
pieces = client.chat.completions.create(model="gpt-5", messages=messages, stream=True)
print("streamed:", "|".join(piece.choices[0].delta.content for piece in pieces))
