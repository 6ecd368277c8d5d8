"""Keywords beside yake on every file with keys: `keywords.py WORK_FOLDER`."""
import json
import subprocess
import sys

from files import DATA, SCORERS, enrich, keyed, write
from yake import KeywordExtractor

# file, style, measure, words of yake's phrases, scored word by word
ROWS = [
    ("inspec", "phrases", "F1@10", 3, False),
    ("semeval2017", "phrases", "F1@10", 3, False),
    ("semeval2010", "phrases", "F1@10", 3, False),
    ("kpcrowd", "words", "F1@10", 1, False),
    ("tweets", "words", "F1@5", 1, False),
    ("tweets", "auto", "F1@5", 3, True),
]


def score(gold, predictions, measure, by_word):
    command = [sys.executable, f"{SCORERS}/keywords.py", gold, predictions, "--json", *(["--words"] if by_word else [])]
    return 100 * json.loads(subprocess.check_output(command))[measure]


def main(work):
    print(f"\n{'keywords':<14}{'style':<10}{'measure':<10}{'yake':>8}{'kinflow':>9}")
    for name, style, measure, words, by_word in ROWS:
        gold, ours, theirs = f"{DATA}/keywords/{name}.dev.jsonl", f"{work}/{name}.{style}.jsonl", f"{work}/{name}.yake{words}.jsonl"
        answers, _ = enrich(keyed(name), "--keywords", style)
        write(ours, ({"id": i, "keywords": [key["term"] for key in a["keywords"]]} for i, a in answers))
        yake = KeywordExtractor(lan="en", n=words, top=10)
        write(theirs, ({"id": i, "keywords": [k for k, _ in yake.extract_keywords(t)]} for i, t in keyed(name)))
        baseline, result = (score(gold, predictions, measure, by_word) for predictions in (theirs, ours))
        print(f"{name:<14}{style:<10}{measure:<10}{baseline:>8.1f}{result:>9.1f}")


main(sys.argv[1])
