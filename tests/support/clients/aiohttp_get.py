import asyncio, sys, aiohttp


async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(sys.argv[1]) as response:
            response.raise_for_status()
            print(await response.text())


asyncio.run(main())
