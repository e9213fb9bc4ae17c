"""The four kinds of gRPC calls with the real library, as an agent's SDK makes them."""

import sys

import grpc

target = sys.argv[1]
identity = lambda value: value
with grpc.secure_channel(target, grpc.ssl_channel_credentials()) as channel:
    unary = channel.unary_unary("/acme.Echo/Echo", identity, identity)
    up = channel.stream_unary("/acme.Echo/Echo", identity, identity)
    down = channel.unary_stream("/acme.Echo/Repeat", identity, identity)
    both = channel.stream_stream("/acme.Echo/Echo", identity, identity)
    print("unary", unary(b"hello", timeout=20).decode())
    print("client streaming", up(iter([b"only"]), timeout=20).decode())
    print("server streaming", b",".join(down(b"again", timeout=20)).decode())
    print("bidirectional", b",".join(both(iter([b"a", b"b", b"c"]), timeout=20)).decode())
    print("large", len(unary(b"x" * 3_000_000, timeout=20)))
    try:
        channel.unary_unary("/acme.Echo/Fail", identity, identity)(b"", timeout=20)
    except grpc.RpcError as error:
        print("failed", error.code().name, error.details())
