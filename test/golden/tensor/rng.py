"""A second implementation of the seeded generator, from the descriptions of its parts. Run: python3 rng.py

sfc32 by Chris Doty-Humphrey (PractRand), three words of state filled by splitmix32, its counter starting at 1, 15 draws thrown away;
the seed's low word xor MurmurHash3's final mix of its high word xor FNV-1a (32 bits) of the stream's name is where splitmix32 starts.
Prints the first uniform numbers that src/tensor/rng.test.ts holds.
"""

MASK = 0xFFFFFFFF


def fnv1a(name):
    h = 0x811C9DC5
    for c in name:
        h = ((h ^ ord(c)) * 0x01000193) & MASK
    return h


def final_mix(h):
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
    return h ^ (h >> 16)


def splitmix(s):
    while True:
        s = (s + 0x9E3779B9) & MASK
        t = ((s ^ (s >> 16)) * 0x21F0AAAD) & MASK
        t = ((t ^ (t >> 15)) * 0x735A2D97) & MASK
        yield t ^ (t >> 15)


def words(seed, stream):
    source = splitmix((seed & MASK) ^ final_mix((seed >> 32) & MASK) ^ fnv1a(stream))
    a, b, c = next(source), next(source), next(source)
    counter = 1
    while True:
        t = (a + b + counter) & MASK
        counter = (counter + 1) & MASK
        a = b ^ (b >> 9)
        b = (c + (c << 3)) & MASK
        c = ((((c << 21) | (c >> 11)) & MASK) + t) & MASK
        yield t


def uniforms(seed, stream, count):
    source = words(seed, stream)
    for _ in range(15):
        next(source)
    return [((next(source) >> 5) * 2**26 + (next(source) >> 6)) / 2**53 for _ in range(count)]


def integers(seed, stream):
    """Uniform below the bound that is sent, values beyond the last whole multiple of it rejected."""
    source = words(seed, stream)
    for _ in range(15):
        next(source)
    value = None
    while True:
        bound = yield value
        value = next(source)
        while value >= 2**32 - 2**32 % bound:
            value = next(source)
        value %= bound


if __name__ == "__main__":
    for seed, stream in ((0, "a"), (42, "pairs"), (2**40 + 7, "pairs"), (-1, "pairs")):
        print(seed, stream, uniforms(seed, stream, 4))
