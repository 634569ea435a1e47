"""A keyed permutation: the numbers below n in a random order, without storing them."""

from __future__ import annotations

from attrs import field, frozen

_BITS = 64
_WORD = (1 << _BITS) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_ROUNDS = 8


@frozen
class Permutation:
    """A bijection of 0 <= i < size onto itself, chosen by `seed` (any int).

    A balanced Feistel network over the smallest even power of two that holds `size`. A result
    outside is permuted again until it is inside (cycle walking: Black and Rogaway, "Ciphers with
    arbitrary finite domains", 2002), on average fewer than 4 steps.
    """

    size: int
    seed: int
    _half: int = field(init=False, repr=False)
    _keys: tuple[int, ...] = field(init=False, repr=False)

    @_half.default
    def _half_bits(self) -> int:
        return max(1, ((self.size - 1).bit_length() + 1) // 2)

    @_keys.default
    def _round_keys(self) -> tuple[int, ...]:
        # Sign and size of the seed matter: -1, 1 and 2**64 + 1 are different keys.
        start = _absorb(2 * abs(self.seed) + (self.seed < 0))
        return tuple(_mix(start + i * _GOLDEN) for i in range(1, _ROUNDS + 1))

    def __call__(self, index: int) -> int:
        """Return the image of `index`; raises IndexError outside 0 to size - 1."""
        if not 0 <= index < self.size:
            raise IndexError(f"a permutation of {self.size} has no index {index}")
        place = self._shuffled(index)
        while place >= self.size:
            place = self._shuffled(place)
        return place

    def _shuffled(self, number: int) -> int:
        half = self._half
        mask = (1 << half) - 1
        left, right = number >> half, number & mask
        if half > _BITS:
            for key in self._keys:
                left, right = right, left ^ (self._wide(right ^ key) & mask)
            return left << half | right
        for key in self._keys:
            # `_mix`, without its calls: they would take half as long again.
            word = right ^ key
            word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _WORD
            word = (word ^ word >> 27) * 0x94D049BB133111EB & _WORD
            left, right = right, left ^ ((word ^ word >> 31) & mask)
        return left << half | right

    def _wide(self, number: int) -> int:
        """Return at least half a number's bits; each depends on all bits of `number`."""
        state = word = _absorb(number)
        for _ in range(_BITS, self._half, _BITS):
            state = _mix(state + _GOLDEN)
            word = word << _BITS | state
        return word


def _mix(word: int) -> int:
    """Return the finalizer of SplitMix64 (Steele, Lea, Flood, 2014) of the lowest 64 bits."""
    word &= _WORD
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    word = (word ^ word >> 27) * 0x94D049BB133111EB & _WORD
    return word ^ word >> 31


def _absorb(number: int) -> int:
    """Return 64 bits, each of which depends on all bits of `number`."""
    state = _mix(number)
    while number := number >> _BITS:
        state = _mix(state + _GOLDEN ^ number)
    return state
