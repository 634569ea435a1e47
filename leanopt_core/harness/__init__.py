"""The client side of the harness protocol: framing, hello, requests and answers."""
