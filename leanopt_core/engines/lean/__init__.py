"""The LEAN engine: projects, builds, configurations and result documents."""
