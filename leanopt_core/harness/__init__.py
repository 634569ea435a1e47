"""The wire protocol's client side: framing, the hello, requests worded and answers understood."""
