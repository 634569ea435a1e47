"""What leanopt is measured against, called as its users call it: repeats cost a backtest."""

from peers._peer import Peer

__all__ = ["Peer"]
