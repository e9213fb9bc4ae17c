"""Speaks what lasts: a WebSocket, events that each wait for the one before, a body in both directions."""
import asyncio, sys, aiohttp

origin = sys.argv[1]
frame = bytes(range(256)) * 4096


async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        # As people write it: wss, or ws over plain HTTP.
        where = origin.replace("http", "ws", 1) + "/socket"
        async with session.ws_connect(where, max_msg_size=0) as socket:
            await socket.send_str("hello")
            print("text:", await socket.receive_str())
            await socket.send_bytes(frame)
            print("binary:", await socket.receive_bytes() == frame)
        seen = []
        async with session.get(origin + "/events") as events:
            async for line in events.content:
                if not line.startswith(b"data: "):
                    continue
                seen.append(line[6:].decode().strip())
                # The next event is made when this one has arrived.
                async with session.post(origin + "/taken") as taken:
                    taken.raise_for_status()
        print("events:", "|".join(seen))

        answered = asyncio.Event()

        async def body():
            yield b"first"
            await answered.wait()
            yield b"second"

        async with session.post(origin + "/echo", data=body()) as echo:
            first = await echo.content.readexactly(5)
            answered.set()
            print("echo:", first.decode(), (await echo.read()).decode())


asyncio.run(main())
