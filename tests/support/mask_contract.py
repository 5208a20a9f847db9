"""The mask contract of kernels/README.md, read again in plain Python."""

WORD = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = right >> 32 ^ b ^ k0, right & WORD, left >> 32 ^ d ^ k1, left & WORD
        k0, k1 = k0 + 0x9E3779B9 & WORD, k1 + 0xBB67AE85 & WORD
    return a, b, c, d


def threshold(p):
    return {0: 2**32, 1: 0}.get(p, min(max(round((1 - p) * 2**32), 1), 2**32 - 1))


def scale(p):
    return 2**32 / threshold(p) if p < 1 else 0


def kept(n, p, seed, stream, first=0):
    """Whether each of the n elements from `first` on is kept."""
    result = []
    for block in range(first // 128, -(-(first + n) // 128)):
        counters = [(block & WORD, block >> 32 | plane << 26, stream & WORD, stream >> 32) for plane in range(32)]
        planes = [philox(counter, (seed & WORD, seed >> 32)) for counter in counters]
        for i in range(max(first - 128 * block, 0), min(128, first + n - 128 * block)):
            uniform = 0
            for words in planes:
                uniform = uniform << 1 | words[i >> 5] >> (i & 31) & 1
            result.append(uniform < threshold(p))
    return result
