"""Asks a proxy for each answer, and for one more on the same connection; says how it read them."""
import base64
import http.client
import json
import sys

port, count, secret = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def ask(connection, target):
    try:
        connection.request("GET", target, headers={"Proxy-Authorization": secret})
        answer = connection.getresponse()
        body = base64.b64encode(answer.read()).decode()
        return {"status": answer.status, "body": body}
    except Exception:
        connection.close()
        return None


for number in range(count):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    first = ask(connection, f"http://plain.test/{number}")
    following = ask(connection, f"http://plain.test/{number}/next")
    connection.close()
    print(json.dumps([first, following]))
