"""Documents per CPU second beside PyPI yake: `speed.py`. The difference of keys and no keys is what keys cost."""
import itertools
import time

from files import enrich, keyed
from yake import KeywordExtractor

YAKE_DOCUMENTS = 60


def main():
    print(f"\n{'keywords, documents per CPU second':<36}{'yake':>8}{'kinflow':>10}{'times':>7}")
    for name in ("inspec", "kpcrowd", "tweets"):
        texts = list(keyed(name))
        some = texts[:YAKE_DOCUMENTS]
        yake = KeywordExtractor(lan="en", n=3, top=10)
        start = time.process_time()
        for _, text in some:
            yake.extract_keywords(text)
        theirs = len(some) / (time.process_time() - start)
        # Enough texts that starting the process does not count; reading and writing JSON does.
        many = [(number, text) for number, (_, text) in zip(range(40_000), itertools.cycle(texts))]
        _, seconds = enrich(many, "--vader", "--keywords", "phrases")
        ours = len(many) / seconds
        print(f"{name:<36}{theirs:>8.0f}{ours:>10.0f}{ours / theirs:>7.0f}")


main()
