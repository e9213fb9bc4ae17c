import asyncio, base64, json
from aiohttp import web

targets = []


def encode(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")).decode()


async def read(request):
    body = await request.read()
    if request.raw_path == "/targets":
        return web.Response(text=json.dumps(targets))
    targets.append(encode(request.raw_path))
    reading = {
        "method": encode(request.method),
        "target": encode(request.raw_path),
        "fields": [encode(name + b":" + value) for name, value in request.raw_headers],
        "body": encode(body),
    }
    return web.Response(headers={"X-Reading": encode(json.dumps(reading))})


async def main():
    runner = web.ServerRunner(web.Server(read, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
