"""A server with the real gRPC library: a stream that says one thing, is quiet, and says another one.

Its library ends connections that send PINGs more often than every 300 ms; by default that is five
minutes.
"""

import time
from concurrent import futures

import grpc

QUIET_SECONDS = 3


def speak(_request, _context):
    yield b"begun"
    time.sleep(QUIET_SECONDS)
    yield b"done"


identity = lambda value: value
server = grpc.server(
    futures.ThreadPoolExecutor(2),
    options=[("grpc.http2.min_ping_interval_without_data_ms", 300)],
)
method = grpc.unary_stream_rpc_method_handler(speak, identity, identity)
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler("acme.Api", {"Speak": method}),)
)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
