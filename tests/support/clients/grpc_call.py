"""One call; a target that ends in :443 is spoken to with TLS."""

import sys, grpc

target = sys.argv[1]
if target.endswith(":443"):
    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials())
else:
    channel = grpc.insecure_channel(target)
with channel:
    print(channel.unary_unary("/acme.Echo/Echo")(b"hello", timeout=20).decode())
