"""Sentiment beside VADER on rated or labelled files: `sentiment.py WORK_FOLDER [FILE..]`.

Of a file the model was trained on the trainer's predictions are scored, which are cross-validated: no text was seen by
the weights that rated it.
"""
import json
import subprocess
import sys

from files import DATA, SCORERS, enrich, rated, write
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

TRAINED = {"tweets", "amazon", "movie", "nyt", "train_semeval", "train_dynasent"}
SETS = sys.argv[2:] or ["tweets", "amazon", "movie", "nyt", "semeval2016"]


def check(name, baseline, exact):
    """Python before 3.12 adds floats less exactly, which moves a last digit now and then."""
    pairs = [(json.loads(a), json.loads(b)) for a, b in zip(open(baseline), open(exact), strict=True)]
    same = sum(a == b for a, b in pairs)
    assert all(abs(a["compound"] - b["compound"]) < 1.5e-4 for a, b in pairs), f"{name}: not PyPI's score"
    assert same == len(pairs) or sys.version_info < (3, 12), f"{name}: {len(pairs) - same} scores are not PyPI's"


def main(work):
    vader = SentimentIntensityAnalyzer()
    print(f"{'sentiment':<14}{'':<10}{'r':>8}{'w. F1':>8}{'m. recall':>11}  differences, 95 %: r, w. F1, m. F1")
    for name in SETS:
        texts = list(rated(name))
        baseline, exact, ours = (f"{work}/{name}.{kind}.jsonl" for kind in ("vader", "exact", "kinflow"))
        write(baseline, ({"id": i, "compound": vader.polarity_scores(t)["compound"]} for i, t in texts))
        answers, _ = enrich(texts, "--vader", "--top", "0")
        write(exact, ({"id": i, "compound": a["sentiment"]["compound"]} for i, a in answers))
        if name in TRAINED:
            ours = f"{work}/{name}.unseen.jsonl"
        else:
            answers, _ = enrich(texts, "--top", "0")
            write(ours, ({"id": i, "compound": a["sentiment"]["score"], "label": a["sentiment"]["label"]} for i, a in answers))
        check(name, baseline, exact)
        command = [sys.executable, f"{SCORERS}/sentiment.py", "--json", "--boot", "200", f"{DATA}/sentiment/{name}.tsv"]
        for row in json.loads(subprocess.check_output([*command, baseline, ours])):
            differences = row.get("ci95_diff_to_first", {})
            intervals = "".join(f"  [{low:+.3f}, {high:+.3f}]" for low, high in differences.values())
            kind = "kinflow" if differences else "VADER"
            marked = name + "*" * (name in TRAINED)
            print(f"{marked:<14}{kind:<10}{row['r']:>8.4f}{row['weighted_F1']:>8.4f}{row['macro_R']:>11.4f}{intervals}")
    print("* cross-validated, as the model was trained on such texts")


main(sys.argv[1])
