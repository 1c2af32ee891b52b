"""stub."""


async def crash(messages, kills, seed, folder):
    return None
