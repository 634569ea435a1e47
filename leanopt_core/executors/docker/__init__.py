"""Warm workers in Docker containers, shut off from the network and from the machine."""
