"""Warm workers in Docker containers, isolated from the network and from the machine."""
