import sys, httpx

response = httpx.get(sys.argv[1])
response.raise_for_status()
print(response.text)
